#include "fuzz/models/signer.h"

#include "lib/types.h"
#include "signing/crypto.h"
#include "vmkmod/package_format.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

static const char root_pem[] = "-----BEGIN CERTIFICATE-----\n"
			       "MIID9jCCAl6gAwIBAgIQZjmwbAvPKrzfWtm+j6Mg8DANBgkqhkiG9w0BAQsFADAU\n"
			       "MRIwEAYDVQQDDAlGdXp6IHJvb3QwIBcNMjUwMTAxMDAwMDAwWhgPMjA3NDEyMzEy\n"
			       "MzU5NTlaMBQxEjAQBgNVBAMMCUZ1enogcm9vdDCCAaIwDQYJKoZIhvcNAQEBBQAD\n"
			       "ggGPADCCAYoCggGBAKDuW8QIi9YMZXwIMbhCxxdQ1qqXVkjRDM1YZrkwlKnVsC0k\n"
			       "clAd9QYMOISagarVP5w+/+lVvmiOb5SSmMicjJ31LrLnuTeb76zSwiS+ejAZz4AG\n"
			       "c+Ll2KEmfYXmn+olm7CEI5OytmjHzBYTtu6PmGwRMVpKoX2J9d3us7RK0O02J657\n"
			       "DuzokZepTV1zi3gW59OmbeNNEX3cM+ctOsOaN+tSclVcKKeBKt30ppeDACqu2A2J\n"
			       "UM8D8mggF4ilxs7HyLRDB2CDmQrwGIh7H3QCy+Gn7BQEqsCTO2ywH9zvPoBvs6nw\n"
			       "VJoQkRpOLamljFL0EvSQSf22PpEdRYnl0K8PhMTOX6YKJyoG98Qx0cj24+rmhEOa\n"
			       "P2bYVeG3l8YTQIpMXKInL/HEYofHIVOZFqXNfBB7982oVyA9ch+YBeeX6yjsCCSN\n"
			       "U322l72ePqOGDd92fbr1ziTuvLcijgP5SMs/xMS5lIpO5NRZwTMZAoroeJSAG6FD\n"
			       "IjjbxZRCpSesrF3QIwIDAQABo0IwQDAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB\n"
			       "/wQEAwIBBjAdBgNVHQ4EFgQUUaSETE8DDG+lZVT0xgEQo8gXZzkwDQYJKoZIhvcN\n"
			       "AQELBQADggGBACnqelFSgB553uF89Fuzz7LCUn2oEZ/jZAxuihAMVuzO6IlrLCZG\n"
			       "+UIjtjN/ooIzqvIwkdCXxJULgm0CKs7uNyUqQtRODvE0VONlpGmivwZE2uU9Wpj+\n"
			       "SkivSiWzewRS41FfWMjPBermpomaU8DBBYT5/iDOY7i76iSEvT7PRRRrcU4E7j5i\n"
			       "XUNmKGpdRgmzXLWI0YivlF1De1kEjvh40dJYNkrwdqlgi2ozlK/Nemd2BkxfW8k2\n"
			       "ih3QsZc/BQidqJepMJ3egOifnHVFbyyX/8S57Cfgdsg69n0V7CQf6mhgdwye62f1\n"
			       "nlhgYdah5hq5kAvsML9zSgXgP8RPnE1ML0SrgrSAfGEip4JDi6N4Rm0+jRI71JJC\n"
			       "kmB4w8Eyk9OvBMCGrKFhKuIDK/5Oe5XlT3DSqKRMgX2q5RvZSD7CT2nrRKhz7w6+\n"
			       "xj4q5uAF51FLrzXaKjaxAA/27v1APcGxpVGaMUFEaLvViYFcd4fHIwWihOGaIwpg\n"
			       "b0TbbzjSnaIqQA==\n"
			       "-----END CERTIFICATE-----\n";

static const char provider_pem[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIEVDCCArygAwIBAgIQXtGkwN4wr/tQV7nT5FKLojANBgkqhkiG9w0BAQsFADAU\n"
	"MRIwEAYDVQQDDAlGdXp6IHJvb3QwIBcNMjUwMTAxMDAwMDAwWhgPMjA3NDEyMzEy\n"
	"MzU5NTlaMBgxFjAUBgNVBAMMDUZ1enogcHJvdmlkZXIwggGiMA0GCSqGSIb3DQEB\n"
	"AQUAA4IBjwAwggGKAoIBgQDuocQcO8dK/RjGYgwt3m5ORr5JFmlYEG8ZPJno0TnI\n"
	"yzpgAGmj2NEeetGxxehgCYwbLxG8SYKeUoHjqVs53Xn9tfVT0qFC9cLU0ifWfbga\n"
	"Rinxgq0Ta1kzLPCMcZZX4Ey23e6vIsu70UaFUuGFDtahDxd4Vsip5++vksUvJ6Aw\n"
	"t/tZTYjPBx2Qe+7boUngg4GbPztuKHOYF51ecehLJs4MDGZuRCaHpnagvwjuzcKP\n"
	"fw43SjITBnW2M51pXZPvxOIMWjCGybya44VoeSOIHg0Biaa8MBkSovx81RCl/uGt\n"
	"BujSMS0VuSbDJSYQ5ASf3Lpc8sGkZfBEGZZyULLuqjaP45YNC6/yYmRt8aEPN/nr\n"
	"cqwVjaCW7Fl+zEx2h7qRiBwoIZvcep5C0WtL21+N3lJPVVUIG4+dpze2DVWaUZBG\n"
	"GYnCGlCS+4mKyN2ypkOeRWM+gi0cgTsN8zRojsAqYCzPmFwWANtx+wCfi4EnGmRy\n"
	"yvJSd8hSP+OvviFrfcETf+0CAwEAAaOBmzCBmDAMBgNVHRMBAf8EAjAAMA4GA1Ud\n"
	"DwEB/wQEAwIHgDAdBgNVHQ4EFgQUISO1Wy8N1jDCOqZfwG9tqfjw0jIwEwYDVR0l\n"
	"BAwwCgYIKwYBBQUHAwMwHwYDVR0jBBgwFoAUUaSETE8DDG+lZVT0xgEQo8gXZzkw\n"
	"IwYDVR0gBBwwGjAYBhZpgZiel7uf/fKQ0bHIp4f0yK/DUgEDMA0GCSqGSIb3DQEB\n"
	"CwUAA4IBgQAQic/zgtfIpr+S5r4Wa15tQ7+eF2oNHgbBNgX/23EXTC8TqIGGyjv+\n"
	"clfM3Xg/WJ4/jn6BPlkLWQy4LQ4rZzhRBRVZQQELNtKnfs9Lh7lBkjgRkhXsucXu\n"
	"dcxYZzKtuEPSjo7DRq256yBZg7s4OEsONChOAdt0RLswkaCwGPWK3hIGiT2Prnif\n"
	"U/PEkh4VxBukKMBAq99XcwkGbLDs5D62tjbi0/lBseYFjKu4kj6xRzvyLD0V6+KO\n"
	"+22RR0svHm36bn2IxR85Ppq9AZxQzzF97GD/O87772qZyQ126/mIfji9kTxDV9Nn\n"
	"zEitFF6JxzqEYBdycJYgNFwbZaHrAMvd81uFIKU09MN3bOGYqHoNIgvV8VqMwJu2\n"
	"Uca1HQic7IisroJ7ECKt/kfPV69cXFnObcqjQFFSMwEnpw/QbFiJuDwLeIXSOtK8\n"
	"JepKh8swbiLnHuoD+TjO3aRSWf2beKr+daCdxuW6WsyA2npJbopDtodrWEQiiYV4\n"
	"xkKD9u2UEwc=\n"
	"-----END CERTIFICATE-----\n";

static const char provider_key[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIIG/QIBADANBgkqhkiG9w0BAQEFAASCBucwggbjAgEAAoIBgQDuocQcO8dK/RjG\n"
	"Ygwt3m5ORr5JFmlYEG8ZPJno0TnIyzpgAGmj2NEeetGxxehgCYwbLxG8SYKeUoHj\n"
	"qVs53Xn9tfVT0qFC9cLU0ifWfbgaRinxgq0Ta1kzLPCMcZZX4Ey23e6vIsu70UaF\n"
	"UuGFDtahDxd4Vsip5++vksUvJ6Awt/tZTYjPBx2Qe+7boUngg4GbPztuKHOYF51e\n"
	"cehLJs4MDGZuRCaHpnagvwjuzcKPfw43SjITBnW2M51pXZPvxOIMWjCGybya44Vo\n"
	"eSOIHg0Biaa8MBkSovx81RCl/uGtBujSMS0VuSbDJSYQ5ASf3Lpc8sGkZfBEGZZy\n"
	"ULLuqjaP45YNC6/yYmRt8aEPN/nrcqwVjaCW7Fl+zEx2h7qRiBwoIZvcep5C0WtL\n"
	"21+N3lJPVVUIG4+dpze2DVWaUZBGGYnCGlCS+4mKyN2ypkOeRWM+gi0cgTsN8zRo\n"
	"jsAqYCzPmFwWANtx+wCfi4EnGmRyyvJSd8hSP+OvviFrfcETf+0CAwEAAQKCAYAX\n"
	"JGGpafQHhgi7YdIpN0iz7KZoM3U0kNDFaMbK+PzFR/g5oTCdhC8GPrD2sD5l5JHN\n"
	"fRYXkCV2XIKzj76vcOweD7cNUarz8cja7M/nkY+jdKnSqHKdJIGlCzb/gnCAcISK\n"
	"uMvR+Oo7JQOAIIE1xIefXPWmD6csMGMNQDWWlMgzO/8d3P1nM8XJN6D6ybx+und8\n"
	"6nfv/0Tz5gO2n2NWDnBYY3IiQBe10LibxDWwkGHNmsEdLuPboSUUmL2A9LieaGsN\n"
	"Bz2QFPPTE3jwxdoYN+0uH6OmPX4rNFRUGY+Um1YCy/P9JYNNw/gGFk9zgz9FXqL7\n"
	"MDxx21K4fRx5s+FfGmJ8ThWBCsDa9YZlc2JzkEN8NSCosL4kIsphuo3HPBgD5+XV\n"
	"69kfY02ocoaEdIHdT0A5H58G3EzHjlQvfkxNvoDw+audma1iSh5tPtkXAF0dxH0R\n"
	"+fT7unS/RkorSSx+usdG+oD+Cxp5haq/uiypxXOSXx59skefaN5Sby9/KVkczL0C\n"
	"gcEA+3JEqP0vBIS1ODwumlhd48MYT5BDLykUnRpLet3mJyCvfO351KW5rmNyAEjp\n"
	"M4T9sSFoPirE7lfnV+DsEukFz2bEzqSGAjt9y52xssnO8tcuqb5wij9zvVxqrLE5\n"
	"PkuQMjf8xt7kbscg3P0EI47drLDWY8Xzl18xvASpzKuEfVa19G9T2bROAul9+Ztk\n"
	"FBQQV8bvRBC5Cd9jow1kGFc/Dba87XJf0ecFEimf232uWssHNQiX/p8vflMTueVR\n"
	"FUvfAoHBAPL0FrJl1PldPd8qMSuBcuI8sL80O9jSjUTmx/szPoq/Z1Pi3/x7sKrB\n"
	"dBUCKblp44HWmargPHztkA4+nrbeb6dDbW1igk70FNJZarluwbP8zzVSjspn3YEd\n"
	"MhKxwrmP6GiBdUdZYm7Px7p8FxwESXReRNXnm8nmEz/DpBu7BGhEplFGRuD1rdCC\n"
	"64mP5Yk97J04mtzFnJj16R38CBDUNAb0imSHNjnpTYSCt/U1hB1XptKXe1a1npde\n"
	"6zpPBk7tswKBwQCXdjR/qssIqLvUnQPheztLODjLrHWb0d4V6EHxR/scNKcg1OS5\n"
	"v/5CWqrQGxtGKmT6rsnxMKghfhffqp/poC4cyaXhZ99FNvrGjT3+GWwsgYwdOZbm\n"
	"3+Pi++lSDwsRSEkaxvjf/mGRjSdxloNIvAUxwe/Sd+oMk44M2K5DmEmdin7eN7VF\n"
	"nUOko2t70KuPIKrbhPyZfo1HsiV9kVJrCxrzMtFJIq0vbj5yu1oMx/8ft86mln+g\n"
	"I9li+b4XK1gVQPcCgcBON20TNBuTyIQB08iOtBczZMyWUg+uZ2LZut7JLZ9F9gcj\n"
	"B5iK5Ztj7fIcTVz3d3KqO1evno96vNSy8VARmZ0ioV+aZquDFauaaPUmC9VKx+pB\n"
	"xXl5CmVSiv6y7A2/xefRtVP3i3xYJoarsAWUnIC1eR/6KZ2LK4oo7ihoURZDJ07Q\n"
	"ParWA+JYjb2cxPnl7Ey/9RhOWURoLktFvv0txdOWJaZkZO99R3IQZjEpPXhyJeTs\n"
	"SZ6ItOIA46shU425XWcCgcAKq7sCcl+v+iddL9nwHh3ULdiapGmICcwsmU25uvwK\n"
	"1j9grRVO+F7MqesvJG0ZRh7/8VQ7UWLCIiCoWl88uQteNJ3ASF97251/hG0nxnsS\n"
	"s4FqFg+81lnB2ZJZ2u8wXL2cwvk/UHb8ZZ2kTDzrysCrJucQ+REIz3GQz7Bery32\n"
	"rW+nK/s1ol9GZhmn7wCchxM0j1rQw+m6m4kFYDGE3nd91EwnhFYd81B1xZ1zzOmY\n"
	"1I/36wBRvzn/YPKqFqS6eJM=\n"
	"-----END PRIVATE KEY-----\n";

static void need(bool condition)
{
	if (!condition)
		abort();
}

static X509 *read_certificate(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	need(certificate != NULL);
	BIO_free(bio);
	return certificate;
}

const struct bytes *signer_root(void)
{
	static struct bytes der;

	if (!der.data) {
		X509 *certificate = read_certificate(root_pem);

		need(crypto_certificate_der(certificate, &der));
		X509_free(certificate);
	}
	return &der;
}

static void put_record(struct bytes *package, uint16_t type, const struct bytes *content)
{
	const struct package_record_header header = {type, 0, (uint32_t)content->size};
	size_t bytes = sizeof(header) + ALIGN_UP(content->size, PACKAGE_ALIGN);

	package->data = realloc(package->data, package->size + bytes);
	need(package->data != NULL);
	memset(package->data + package->size, 0, bytes);
	memcpy(package->data + package->size, &header, sizeof(header));
	memcpy(package->data + package->size + sizeof(header), content->data, content->size);
	package->size += bytes;
}

void signer_sign(struct bytes *package)
{
	static X509 *certificate;
	static EVP_PKEY *key;
	static struct bytes der;
	struct bytes cms;

	if (!key) {
		BIO *bio = BIO_new_mem_buf(provider_key, -1);

		key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
		BIO_free(bio);
		certificate = read_certificate(provider_pem);
		need(key && crypto_certificate_der(certificate, &der));
	}
	need(crypto_cms_sign(key, certificate, package->data, package->size, &cms));
	put_record(package, PACKAGE_RECORD_CERTIFICATE, &der);
	put_record(package, PACKAGE_RECORD_CMS, &cms);
	bytes_free(&cms);
}
