/*
 * vmkernel.log: lines in the field's grammar, kept in a ring and sent to a sink (serial).
 *   2025-01-02T03:04:05.678Z In(182) vmkernel: cpu0:2098001)Module: line: message
 * A message of several lines continues with "+" lines, so that nobody can forge a line of his own.
 * Pure over struct log_ops.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Severities in syslog's numbering: priority = facility 22 (local6) * 8 + severity. */
enum log_severity { LOG_EM, LOG_AL, LOG_CR, LOG_ER, LOG_WA, LOG_NO, LOG_IN, LOG_DB };

struct log_ops {
	uint64_t (*wall_ns)(void); /* since 1970-01-01 UTC; 0 while unknown */
	unsigned (*cpu)(void);
	uint64_t (*world)(void);                      /* the running world's id */
	void (*emit)(const char *text, size_t bytes); /* one or more whole lines */
	uint64_t (*lock)(void);                       /* returns what unlock wants back */
	void (*unlock)(uint64_t saved);
};

/* Set once, early; until then lines only go to the ring. */
void log_init(const struct log_ops *ops);
void log_printf(enum log_severity severity, const char *module, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void log_vprintf(enum log_severity severity, const char *module, int line, const char *format,
	va_list args) __attribute__((format(printf, 4, 0)));
/*
 * Copy ring content that starts at stream offset *offset (bytes since boot) to `to`; advances
 * *offset, also past what the ring has already lost. Returns bytes copied.
 */
size_t log_read(uint64_t *offset, char *to, size_t size);

/* Each file defines LOG_MODULE before use. */
#define vmk_log(...)   log_printf(LOG_IN, LOG_MODULE, __LINE__, __VA_ARGS__)
#define vmk_warn(...)  log_printf(LOG_WA, LOG_MODULE, __LINE__, __VA_ARGS__)
#define vmk_error(...) log_printf(LOG_ER, LOG_MODULE, __LINE__, __VA_ARGS__)
#define vmk_debug(...) log_printf(LOG_DB, LOG_MODULE, __LINE__, __VA_ARGS__)

#endif
