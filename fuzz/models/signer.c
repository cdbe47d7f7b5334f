#include "fuzz/models/signer.h"

#include "lib/types.h"
#include "signing/crypto.h"
#include "vmkmod/package_format.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

static const char root_pem[] = "-----BEGIN CERTIFICATE-----\n"
			       "MIID9jCCAl6gAwIBAgIQbBZ2g0TN5yuO2BSK67uuCTANBgkqhkiG9w0BAQsFADAU\n"
			       "MRIwEAYDVQQDDAlGdXp6IHJvb3QwIBcNMjUwMTAxMDAwMDAwWhgPMjA3NDEyMzEy\n"
			       "MzU5NTlaMBQxEjAQBgNVBAMMCUZ1enogcm9vdDCCAaIwDQYJKoZIhvcNAQEBBQAD\n"
			       "ggGPADCCAYoCggGBAMBBUPOjKIDEm/BB0YtgvOIFxMQdochMp9CTj/RTHKHOR08w\n"
			       "Fj35siam99wL+1nbDxCABqoKlA6ADbjucrEGqqqN/wzpmVJ8Vd4mHDtoRJ4n8viD\n"
			       "tKzWlxBiLYYdAiun5Dp3dSYhThLgAtUxP/jMGcBaXxiAsniBwkcjOEPbBkbDepzL\n"
			       "Iec+2O6NhXzakWfi+jZLUBDirKuxpp4j/7Dr/9csWKhLeze/vnio8mLiQ/KT8y34\n"
			       "GWtzUZ7snzvXpXkN1BJAt11T+VKlwZBJPCvVjaNwSeTUK+xd8OckLmcOfUx1aQMA\n"
			       "DOg1ACsOQyX6Qh1d2HURXTca7AfoboB4/C3HT3vS2KD5uzPExJqz2nHENx58Hxy1\n"
			       "1mtgT9MmVbCxM0eBhrkmg5TO5PqcGZg0R6wwDQa5x9DmdxPgCzGOMl6Pf5I7Gs14\n"
			       "F8IUZk1PeRdNR4ahwhLJkVwIX7aD4X4yI+J82aLBhj0kJXdSSjjg8MCsvyj0gKb8\n"
			       "KTICxO2jJ++Jay06ywIDAQABo0IwQDAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB\n"
			       "/wQEAwIBBjAdBgNVHQ4EFgQUlDODZXRdIWqlT2hDH4idHSu4r2kwDQYJKoZIhvcN\n"
			       "AQELBQADggGBAIdBQ4+kQAUwRQjvIWXN27HJwVEQxq5QbBiy+bAiwbg/DSOG1u2o\n"
			       "5vy4HcSXs/BRz5ZUBka+WWv0udekgspZLYxF7boghq4CjI7AeKSG7Lr/fQNE64qx\n"
			       "b/NBEa+sSisMrRuVqWpWAukgs1Rc8SUqOimAGNyyJ26ngIv8cBGjXGS319EO2UcW\n"
			       "TIbfxq+rAX1xzOHKAmRWTEnZkMPhCLeFLrqaJFxnlI/kV5mdfWrCGbd3qlhZyqtu\n"
			       "zq5vZq4ELShE3YMA1RFgZPyRQQz5BmCLlFnCNdOynhdynPIazAl2yK35q7RczZZl\n"
			       "a+SCnp9bKztJVg0F25OoSwbTNs6A6DB/eq4L13rL0KaKEGFXWgF2dlbqqvPn2ss+\n"
			       "Vv5+S5GRXvnpof1+rKbxnRN2x/yaK8tVKlbKfZOHnAYL0l5MMbts1qqV1CMIU+rQ\n"
			       "CYk/kxNwKuSZdgzScv3B3FTdxPtOIHeHim1hRbn+aTFX9XMT2MgqzkI9G7ckve6B\n"
			       "C4fLy2JcNlC8zQ==\n"
			       "-----END CERTIFICATE-----\n";

static const char provider_pem[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIEZTCCAs2gAwIBAgIQXtGkwN4wr/tQV7nT5FKLojANBgkqhkiG9w0BAQsFADAU\n"
	"MRIwEAYDVQQDDAlGdXp6IHJvb3QwIBcNMjYxMTIxMTAyMTM0WhgPMjA3NjA5MTkx\n"
	"MDIxMzRaMCkxDzANBgNVBAoMBm1lcmxvbjEWMBQGA1UEAwwNRnV6eiBwcm92aWRl\n"
	"cjCCAaIwDQYJKoZIhvcNAQEBBQADggGPADCCAYoCggGBAO6hxBw7x0r9GMZiDC3e\n"
	"bk5GvkkWaVgQbxk8mejROcjLOmAAaaPY0R560bHF6GAJjBsvEbxJgp5SgeOpWznd\n"
	"ef219VPSoUL1wtTSJ9Z9uBpGKfGCrRNrWTMs8IxxllfgTLbd7q8iy7vRRoVS4YUO\n"
	"1qEPF3hWyKnn76+SxS8noDC3+1lNiM8HHZB77tuhSeCDgZs/O24oc5gXnV5x6Esm\n"
	"zgwMZm5EJoemdqC/CO7Nwo9/DjdKMhMGdbYznWldk+/E4gxaMIbJvJrjhWh5I4ge\n"
	"DQGJprwwGRKi/HzVEKX+4a0G6NIxLRW5JsMlJhDkBJ/culzywaRl8EQZlnJQsu6q\n"
	"No/jlg0Lr/JiZG3xoQ83+etyrBWNoJbsWX7MTHaHupGIHCghm9x6nkLRa0vbX43e\n"
	"Uk9VVQgbj52nN7YNVZpRkEYZicIaUJL7iYrI3bKmQ55FYz6CLRyBOw3zNGiOwCpg\n"
	"LM+YXBYA23H7AJ+LgScaZHLK8lJ3yFI/46++IWt9wRN/7QIDAQABo4GbMIGYMAwG\n"
	"A1UdEwEB/wQCMAAwDgYDVR0PAQH/BAQDAgeAMB0GA1UdDgQWBBQhI7VbLw3WMMI6\n"
	"pl/Ab22p+PDSMjATBgNVHSUEDDAKBggrBgEFBQcDAzAfBgNVHSMEGDAWgBSUM4Nl\n"
	"dF0haqVPaEMfiJ0dK7ivaTAjBgNVHSAEHDAaMBgGFmmBmJ6Xu5/98pDRscinh/TI\n"
	"r8NSAQMwDQYJKoZIhvcNAQELBQADggGBAB8g+a8IcOofmsliOjgAlgPz7On1oCCs\n"
	"6LhfZTK4cJnq8NmpwzbilR+PPHMi46rQ1GZMKb2jlT2oLTKqjwBwwbs7JsMVcyyO\n"
	"FNtN+RWAc9LpGzjXap9Ozq3pbI7Zzf+TyevmUnZSlrorsnao6fMdoaBLVykSMp37\n"
	"UkG4Cpdgv9xVTkaPQLBqY9+TVlOhld0ChooKBeUiShnL5BOtmywrZttZ5MH2G3vA\n"
	"H4+s3zP1wQvs9vzcewoxGqJrzmHzuJJwO4bE7RaSmsmZvEl21atsmDMJZTetDaKR\n"
	"mTEnIA8pV7u4rbZf+I6Ws/9ARdAuV+cp3ggZjxjsO89Gpvhe+B3IN5QdCY3ru6t5\n"
	"SA/a99EIgQOMblny6yqM5UN2fF2n4af6J7aX9aG/qnxly0NLnB6z1MFzI1G6vEo+\n"
	"TrLeVchwR2xNKaYioiO4eZcQQRI4GR/4sAbYQCwjD7wUIUROhnNe11LeocMQUGzm\n"
	"FV8Bl2O7wDVcjPATGkPuU7vFIDWn9qWZYg==\n"
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

#define SIGNATURE_MAX 512u

static struct {
	EVP_PKEY_CTX *signs, *verifies;
	uint8_t trailer[8192]; /* of the first package that was signed */
	size_t bytes, signature_at, signature_bytes;
} signer;

/* Returns where its content begins. */
static size_t put_record(uint16_t type, const struct bytes *content)
{
	const struct package_record_header header = {type, 0, (uint32_t)content->size};
	const size_t at = signer.bytes + sizeof(header);
	const size_t end = at + ALIGN_UP(content->size, PACKAGE_ALIGN);

	need(end <= sizeof(signer.trailer));
	memcpy(signer.trailer + signer.bytes, &header, sizeof(header));
	memcpy(signer.trailer + at, content->data, content->size);
	signer.bytes = end;
	return at;
}

static EVP_PKEY_CTX *with_key(EVP_PKEY *key, int (*init)(EVP_PKEY_CTX *))
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);

	need(ctx && init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
		EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1);
	return ctx;
}

static void sign(const void *content, size_t size, uint8_t *to)
{
	size_t room = signer.signature_bytes;
	uint8_t digest[32];

	need(EVP_Digest(content, size, digest, NULL, EVP_sha256(), NULL) == 1 &&
		EVP_PKEY_sign(signer.signs, to, &room, digest, sizeof(digest)) == 1 &&
		room == signer.signature_bytes);
}

/* As vmksign does: of its trailer only the signature, at its end, is another for each content. */
static void sign_first(const void *content, size_t size)
{
	X509 *certificate = read_certificate(provider_pem);
	BIO *bio = BIO_new_mem_buf(provider_key, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	uint8_t signature[SIGNATURE_MAX];
	struct bytes der, cms;

	need(key && crypto_certificate_der(certificate, &der) &&
		crypto_cms_sign(key, certificate, content, size, &cms));
	signer.signs = with_key(key, EVP_PKEY_sign_init);
	signer.verifies = with_key(key, EVP_PKEY_verify_init);
	signer.signature_bytes = (size_t)EVP_PKEY_get_size(key);
	put_record(PACKAGE_RECORD_CERTIFICATE, &der);
	signer.signature_at =
		put_record(PACKAGE_RECORD_CMS, &cms) + cms.size - signer.signature_bytes;
	need(signer.signature_bytes <= sizeof(signature));
	sign(content, size, signature);
	need(memcmp(signature, signer.trailer + signer.signature_at, signer.signature_bytes) == 0);
	bytes_free(&der);
	bytes_free(&cms);
	EVP_PKEY_free(key);
	BIO_free(bio);
	X509_free(certificate);
}

size_t signer_sign(const void *content, size_t size, uint8_t *to, size_t room)
{
	if (!signer.bytes)
		sign_first(content, size);
	if (size > room || signer.bytes > room - size)
		return 0;
	memcpy(to, content, size);
	memcpy(to + size, signer.trailer, signer.bytes);
	sign(content, size, to + size + signer.signature_at);
	return size + signer.bytes;
}

bool signer_signed(const uint8_t *content, size_t size, const uint8_t *trailer, size_t bytes)
{
	const size_t end = signer.signature_at + signer.signature_bytes;
	uint8_t digest[32];

	return signer.bytes && bytes == signer.bytes &&
	       memcmp(trailer, signer.trailer, signer.signature_at) == 0 &&
	       memcmp(trailer + end, signer.trailer + end, bytes - end) == 0 &&
	       EVP_Digest(content, size, digest, NULL, EVP_sha256(), NULL) == 1 &&
	       EVP_PKEY_verify(signer.verifies, trailer + signer.signature_at,
		       signer.signature_bytes, digest, sizeof(digest)) == 1;
}
