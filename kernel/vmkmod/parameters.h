/* What a driver's manifest says of its parameters and of the modules that it needs. Pure. */
#ifndef VMKMOD_PARAMETERS_H
#define VMKMOD_PARAMETERS_H

#include "vmkmod/package.h"

/*
 * For manifest.c: the values of `parameters` (NAME:LEAST-MOST:DEFAULT, several separated by commas;
 * decimal numbers) and of `requires` (names of modules, separated by commas). Static text on what
 * is wrong with one, or NULL.
 */
const char *parameters_declare(struct package *package, const char *text, size_t bytes);
const char *requires_declare(struct package *package, const char *text, size_t bytes);

/* All as the manifest says; `values` has PACKAGE_PARAMETERS_MAX places. */
void parameters_default(const struct package *package, uint32_t *values);
/* VMK_NOT_FOUND: it has no such parameter; VMK_BAD_PARAM: not within its limits. */
enum vmk_status parameters_set(
	const struct package *package, unsigned index, uint64_t value, uint32_t *values);
/* What follows a package's name on the boot loader's line: words, separated by blanks. */
#define LOAD_OPTION "load" /* load=boot, which goes without saying, or load=manual */
enum load_when { LOAD_AT_BOOT, LOAD_MANUAL, LOAD_UNKNOWN };
enum load_when load_option(const char *words);
/* Takes all others, which are NAME=NUMBER, over into `values`. Static text on what is wrong with
 * one, or NULL. */
const char *parameters_take(const struct package *package, const char *words, uint32_t *values);

#endif
