/* <stdlib.h> of payloads: what models call when software broke a rule. */
#ifndef DIFFERENTIAL_STDLIB_H
#define DIFFERENTIAL_STDLIB_H

#include <stddef.h>

_Noreturn void abort(void); /* says where, and ends the run */

#endif
