#include "tboot-integration/image/bootcfg.h"

#include <stdio.h>
#include <string.h>

struct slice {
	const char *text;
	size_t size;
};

static struct slice trim(struct slice s)
{
	while (s.size && (s.text[0] == ' ' || s.text[0] == '\t')) {
		s.text++;
		s.size--;
	}
	while (s.size && strchr(" \t\r", s.text[s.size - 1]))
		s.size--;
	return s;
}

static bool is(struct slice s, const char *word)
{
	return s.size == strlen(word) && !memcmp(s.text, word, s.size);
}

/* Printable ASCII without what would end a string or a word in grub.cfg. */
static bool copy_text(struct slice s, char *to, size_t room)
{
	if (s.size >= room)
		return false;
	for (size_t i = 0; i < s.size; i++)
		if (s.text[i] < ' ' || s.text[i] > '~' || strchr("\"'\\$`{};|&<>", s.text[i]))
			return false;
	memcpy(to, s.text, s.size);
	to[s.size] = '\0';
	return true;
}

static bool parse_number(struct slice s, unsigned limit, unsigned *number)
{
	unsigned v = 0;

	if (!s.size || s.size > 9)
		return false;
	for (size_t i = 0; i < s.size; i++) {
		if (s.text[i] < '0' || s.text[i] > '9')
			return false;
		v = v * 10 + (unsigned)(s.text[i] - '0');
	}
	*number = v;
	return v <= limit;
}

/* A file's name: one path component. */
static bool parse_name(struct slice s, char name[BOOTCFG_NAME_MAX])
{
	return s.size && s.text[0] != '.' && !memchr(s.text, '/', s.size) &&
	       !memchr(s.text, ' ', s.size) && copy_text(s, name, BOOTCFG_NAME_MAX);
}

/* "name options..." */
static bool parse_module(struct slice s, struct bootcfg_module *module)
{
	struct slice name, options;

	s = trim(s);
	name = options = s;
	for (name.size = 0; name.size < s.size && s.text[name.size] != ' '; name.size++)
		;
	options.text += name.size;
	options.size -= name.size;
	return parse_name(name, module->name) &&
	       copy_text(trim(options), module->options, sizeof(module->options));
}

static const char *parse_modules(struct slice s, struct bootcfg *config)
{
	static const char separator[] = " --- ";

	while (s.size) {
		const char *next = memmem(s.text, s.size, separator, sizeof(separator) - 1);
		size_t size = next ? (size_t)(next - s.text) : s.size;

		if (config->module_count == BOOTCFG_MODULES_MAX)
			return "more modules than this version takes";
		if (!parse_module(
			    (struct slice){s.text, size}, &config->modules[config->module_count++]))
			return "a module's name or options are empty, too long or hold a forbidden "
			       "character";
		if (!next)
			break;
		s.text += size + sizeof(separator) - 1;
		s.size -= size + sizeof(separator) - 1;
	}
	return NULL;
}

enum key {
	BOOTSTATE,
	TITLE,
	TIMEOUT,
	PREFIX,
	KERNEL,
	KERNELOPT,
	MODULES,
	BUILD,
	UPDATED,
	ENABLE_TBOOT,
	KEYS
};
static const char *const keys[KEYS] = {"bootstate", "title", "timeout", "prefix", "kernel",
	"kernelopt", "modules", "build", "updated", "enableTboot"};

static const char *parse_value(enum key key, struct slice value, struct bootcfg *config)
{
	unsigned flag = 0;
	bool good;

	switch (key) {
	case BOOTSTATE:
		good = parse_number(value, 3, &config->bootstate);
		break;
	case TIMEOUT:
		good = parse_number(value, 3600, &config->timeout);
		break;
	case UPDATED:
		good = parse_number(value, 999999999, &config->updated);
		break;
	case ENABLE_TBOOT:
		good = parse_number(value, 1, &flag);
		config->enable_tboot = flag;
		break;
	case TITLE:
		good = copy_text(value, config->title, sizeof(config->title));
		break;
	case PREFIX:
		good = copy_text(value, config->prefix, sizeof(config->prefix));
		break;
	case BUILD:
		good = copy_text(value, config->build, sizeof(config->build));
		break;
	case KERNEL:
		good = parse_name(value, config->kernel.name);
		break;
	case KERNELOPT:
		good = copy_text(value, config->kernel.options, sizeof(config->kernel.options));
		break;
	case MODULES:
		return parse_modules(value, config);
	default:
		return "unknown key";
	}
	return good ? NULL : "the value is out of range, too long or holds a forbidden character";
}

static const char *parse_line(struct slice line, unsigned *seen, struct bootcfg *config)
{
	const char *equals;
	struct slice name, value;
	unsigned key = 0;

	if (memchr(line.text, '\0', line.size))
		return "a zero byte";
	line = trim(line);
	if (!line.size || line.text[0] == '#')
		return NULL;
	equals = memchr(line.text, '=', line.size);
	if (!equals)
		return "neither key=value nor a # comment";
	name = trim((struct slice){line.text, (size_t)(equals - line.text)});
	while (key < KEYS && !is(name, keys[key]))
		key++;
	if (key == KEYS)
		return "unknown key";
	if (*seen & 1u << key)
		return "the key is there twice";
	*seen |= 1u << key;
	value.text = equals + 1;
	value.size = line.size - (size_t)(value.text - line.text);
	return parse_value(key, trim(value), config);
}

enum vmk_status bootcfg_parse(
	const char *text, size_t size, struct bootcfg *config, struct bootcfg_error *error)
{
	unsigned seen = 0;

	*config = (struct bootcfg){0};
	*error = (struct bootcfg_error){0};
	for (size_t at = 0; at < size;) {
		const char *end = memchr(text + at, '\n', size - at);
		struct slice line = {text + at, end ? (size_t)(end - text) - at : size - at};

		error->line++;
		error->what = parse_line(line, &seen, config);
		if (error->what)
			return VMK_BAD_FORMAT;
		at += line.size + 1;
	}
	error->line = 0;
	if (!config->kernel.name[0]) {
		error->what = "there is no kernel=";
		return VMK_BAD_FORMAT;
	}
	return VMK_OK;
}

void bootcfg_module_cmdline(const struct bootcfg_module *module, char *to, size_t size)
{
	snprintf(to, size, "%s%s%s", module->name, module->options[0] ? " " : "", module->options);
}
