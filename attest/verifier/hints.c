#include "verifier/hints.h"

#include <stdio.h>
#include <string.h>

#include "verifier/semantics.h"

static void add_image(struct hints *hints, const char *hex)
{
	if (hints->image_count < HINTS_MAX &&
		hex_decode_text(hints->images[hints->image_count], DIGEST_SIZE, hex))
		hints->image_count++;
}

/* tboot hands over its shared page behind what it measured of module 0's command line. */
static void add_cmdline(struct hints *hints, unsigned int module, const char *text)
{
	char *line = hints->cmdlines[hints->cmdline_count];
	char *tail;

	if (hints->cmdline_count == HINTS_MAX)
		return;
	snprintf(line, LAUNCH_LINE_MAX, "%s", text);
	tail = strstr(line, " tboot=0x");
	if (tail)
		*tail = 0;
	hints->modules[hints->cmdline_count++] = module;
}

static void add_launch_line(struct hints *hints, const char *line)
{
	unsigned int module;
	int at = 0;

	if (sscanf(line, "module %u cmdline=%n", &module, &at) == 1 && at > 0)
		add_cmdline(hints, module, line + at);
	at = 0;
	if (sscanf(line, "module %u sha256=%n", &module, &at) == 1 && at > 0)
		add_image(hints, line + at);
}

bool launch_line(const struct bytes *launch, size_t *at, char *line, size_t size)
{
	size_t used = 0;

	for (; *at < launch->size; ++*at) {
		char c = (char)launch->data[*at];

		if (c != '\n' && c != 0 && used + 1 < size)
			line[used++] = c;
		else if ((c == '\n' || c == 0) && used > 0)
			break;
	}
	line[used] = 0;
	return used > 0;
}

void hints_collect(
	struct hints *hints, const struct evidence *evidence, const struct events *events)
{
	char line[LAUNCH_LINE_MAX], digest[HEX_SIZE(DIGEST_SIZE)];
	size_t at = 0;

	hints->cmdline_count = hints->image_count = 0;
	while (launch_line(&evidence->logs[LOG_LAUNCH], &at, line, sizeof(line)))
		add_launch_line(hints, line);
	for (size_t i = 0; i < events->count; i++) {
		if (semantics_field(&events->items[i], "sha256", digest, sizeof(digest)))
			add_image(hints, digest);
	}
}

bool hints_lead_to(
	const uint8_t digest[DIGEST_SIZE], const char *cmdline, const uint8_t image[DIGEST_SIZE])
{
	uint8_t both[2 * DIGEST_SIZE], result[DIGEST_SIZE];

	sha256(both, cmdline, strlen(cmdline));
	memcpy(both + DIGEST_SIZE, image, DIGEST_SIZE);
	sha256(result, both, sizeof(both));
	return memcmp(result, digest, DIGEST_SIZE) == 0;
}

static bool cmdline_proven(
	const struct hints *hints, const char *cmdline, const uint8_t digest[DIGEST_SIZE])
{
	for (size_t i = 0; i < hints->image_count; i++) {
		if (hints_lead_to(digest, cmdline, hints->images[i]))
			return true;
	}
	return false;
}

const char *hints_cmdline(const struct hints *hints, unsigned int module,
	const uint8_t digest[DIGEST_SIZE], bool *proven)
{
	const char *claimed = NULL;

	*proven = false;
	for (size_t i = 0; i < hints->cmdline_count; i++) {
		if (hints->modules[i] != module)
			continue;
		*proven = cmdline_proven(hints, hints->cmdlines[i], digest);
		if (*proven)
			return hints->cmdlines[i];
		if (!claimed)
			claimed = hints->cmdlines[i];
	}
	return claimed;
}
