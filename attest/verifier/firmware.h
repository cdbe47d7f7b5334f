/*
 * What firmware and GRUB log (log tcg-boot): TCG PC Client Platform Firmware Profile 1.05, section
 * 10; GRUB 2.06 measures commands and command lines into PCR 8, files into PCR 9.
 */
#ifndef VERIFIER_FIRMWARE_H
#define VERIFIER_FIRMWARE_H

#include "verifier/events.h"

#define FIRMWARE_PCR_LAST 9u
#define GRUB_PCR_COMMANDS 8u
#define GRUB_PCR_FILES    9u

/*
 * The text that an event of GRUB in PCR 8 is the digest of: what follows "grub_cmd: ",
 * "kernel_cmdline: " or "module_cmdline: ", without the zero at the end. False for other events.
 */
bool firmware_text(const struct event *event, const char **text, size_t *size);

/* NULL: the event is what its type says; else what was expected of it, static text. */
const char *firmware_check(const struct event *event);

/* X(symbol, for people) */
#define SECURE_BOOT_STATES(X)                             \
	X(SECURE_BOOT_UNKNOWN, "not reported by the log") \
	X(SECURE_BOOT_OFF, "off")                         \
	X(SECURE_BOOT_ON, "on")
enum secure_boot {
#define X(symbol, name) symbol,
	SECURE_BOOT_STATES(X)
#undef X
};

/* From the first event of PCR 7 that carries the variable SecureBoot. */
enum secure_boot firmware_secure_boot(const struct events *events);
const char *secure_boot_name(enum secure_boot state);

#endif
