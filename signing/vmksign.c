/* vmksign: makes signing keys, and makes, verifies and shows packages. Format: README.md. */
#include <stdio.h>
#include <string.h>

#include "signing/commands.h"

static const char usage[] =
	"usage: vmksign keys --out DIR [--type TYPE] [--name NAME] [--level LEVEL]\n"
	"                    [--provider PROVIDER]\n"
	"       vmksign certificate --role root|intermediate|provider --out PREFIX --name NAME\n"
	"                       --type TYPE|--key KEY [--issuer CERT --issuer-key KEY --level "
	"LEVEL\n"
	"                       [--provider PROVIDER]]\n"
	"       vmksign package --manifest FILE --payload FILE --out FILE\n"
	"                       [--key KEY|--signature FILE --cert FILE [--chain FILE]]\n"
	"       vmksign second PACKAGE --signature FILE --out FILE\n"
	"       vmksign vm-image --out FILE NAME=FILE...\n"
	"       vmksign verify PACKAGE --root FILE [--root FILE]\n"
	"       vmksign dry-run --root FILE [--root FILE] [--level LEVEL | --boot-cfg FILE --dir "
	"DIR]\n"
	"                       [--json] [PACKAGE]...\n"
	"       vmksign show PACKAGE [--json]\n"
	"       vmksign account --name NAME --role read|control [--password-file FILE|-] "
	"[--iterations N]\n"
	"\n"
	"keys      makes a root, an intermediate and a provider, with their keys, in DIR\n"
	"certificate  makes PREFIX.pem and .der, with --type also the key: PREFIX.key\n"
	"package   puts manifest and payload into a package; without --cert it is unsigned, and "
	"all of it\n"
	"          is what `openssl cms -sign` signs elsewhere for --signature\n"
	"second    adds a second, detached signature, made elsewhere, to a package\n"
	"vm-image  puts the named files of a virtual machine into one payload: kernel and, as they "
	"are\n"
	"          there, initrd, cmdline (one line of text) and disk\n"
	"verify    checks format, signature and the signer's chain up to the root (DER or PEM)\n"
	"dry-run   whether the packages would load, in this order, on a host of that level or "
	"after\n"
	"          all that its boot.cfg loads (files in DIR), and if not, why\n"
	"show      prints what a package says of itself, which nothing has verified\n"
	"account   prints a line for the host's configuration: who may log in at the console; the "
	"password\n"
	"          is asked for at the terminal, or is the first line of FILE\n"
	"\n"
	"KEY: a PEM file, or the PKCS #11 URI of a key on a token (pkcs11:token=...;object=...).\n"
	"TYPE: rsa3072, rsa4096, p256, p384. LEVEL: CommunitySupported, PartnerSupported, "
	"Accepted,\n"
	"Certified: the highest that packages signed with this key may have. PROVIDER: the "
	"organization\n"
	"in a provider's certificate, which is the provider of every package that it signs.\n"
	"\n"
	"Exit status: 0 done; 1 refused or failed; 2 wrong usage.\n";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"keys", command_keys},
	{"certificate", command_certificate},
	{"package", command_package},
	{"second", command_second},
	{"verify", command_verify},
	{"dry-run", command_dry_run},
	{"show", command_show},
	{"vm-image", command_vm_image},
	{"account", command_account},
};

bool level_read(const char *name, enum acceptance_level *level)
{
	for (unsigned i = 0; i < LEVEL_COUNT; i++) {
		*level = (enum acceptance_level)i;
		if (strcmp(name, acceptance_level_name(*level)) == 0)
			return true;
	}
	fprintf(stderr,
		"vmksign: no level '%s': expected CommunitySupported, PartnerSupported, Accepted "
		"or Certified\n",
		name);
	return false;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "help") == 0;
}

/* Of the usage what is one command's: the line that names it, and those below that name none. */
static void print_synopsis(const char *name)
{
	static const char program[] = "vmksign ";
	const char *line = usage, *end, *word;
	bool own = false;

	for (; (end = strchr(line, '\n')) != line; line = end + 1) {
		word = memmem(line, (size_t)(end - line), program, sizeof(program) - 1);
		if (word) {
			word += sizeof(program) - 1;
			own = strncmp(word, name, strlen(name)) == 0 && word[strlen(name)] == ' ';
		}
		if (own)
			fprintf(stderr, "%.*s\n", (int)(end - line), line);
	}
}

int main(int argc, char **argv)
{
	int status;

	if (argc > 1 && (is_help(argv[1]) || (argc > 2 && strcmp(argv[2], "--help") == 0))) {
		fputs(usage, stdout);
		return 0;
	}
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		status = commands[i].run(argc - 1, argv + 1);
		if (status == 2) {
			fprintf(stderr,
				"vmksign: %s has options or arguments too many or too few:\n",
				argv[1]);
			print_synopsis(argv[1]);
			fputs("`vmksign --help` says what they mean\n", stderr);
		}
		return status;
	}
	if (argc > 1)
		fprintf(stderr, "vmksign: there is no command '%s'; `vmksign --help` names them\n",
			argv[1]);
	else
		fputs(usage, stderr);
	return 2;
}
