/* Two ways to print a report: indented text, and JSON. */
#ifndef TXTSTAT_PRINT_H
#define TXTSTAT_PRINT_H

#include <jansson.h>
#include <stdio.h>

#include "tboot-integration/txtstat/report.h"

#define PRINT_DEPTH_MAX 16

struct print {
	FILE *to;
	bool json;
	unsigned depth;
	bool list[PRINT_DEPTH_MAX];     /* what each open level is */
	bool first;                     /* text: the next value opens an item of a list */
	json_t *level[PRINT_DEPTH_MAX]; /* JSON: level[0] is the root */
};

/* A report that prints to `to`. */
struct report print_begin(struct print *p, FILE *to, bool json);
/* Ends it; JSON is written here. False when writing failed. */
bool print_end(struct print *p);

#endif
