/* Child processes of the launcher, its clock and the signals that end it. */
#ifndef TXTSIM_PROCESS_H
#define TXTSIM_PROCESS_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/* A child ends with this status when the program itself could not be started. */
#define EXIT_NO_PROGRAM 127

/* Starts a program in the workdir; both outputs go to a file there; it dies with its parent. */
pid_t process_start(const char *workdir, const char *log, const char *const argv[]);
/* The same with a library of ours (relative, as in beside()) that is loaded before the program's
 * own. */
pid_t process_start_preloaded(
	const char *workdir, const char *log, const char *library, const char *const argv[]);
/* SIGTERM, then SIGKILL; reaps it. Nothing for pid <= 0. */
void process_stop(pid_t pid);
/* Runs a program to its end; returns its exit status or -1. */
int process_run(const char *workdir, const char *log, const char *const argv[]);

/*
 * One line on standard error for an emulator that ended by itself: how, whose fault that is, and
 * where it says more (names of files in the workdir).
 */
void process_tell_end(const char *emulator, int status, const char *logs, const char *workdir);

/* The program's path, found in PATH. */
bool process_find(const char *program, char path[PATH_MAX]);

/* From here on INT, TERM and HUP are only noted: the signal's number, or 0. */
void process_catch_signals(void);
int process_caught(void);

/* Seconds of a clock that never goes back. */
double process_now(void);

/*
 * How long an emulator may go on. What counts is the processor time that it has had, of all its
 * threads, so that a busy machine gives it no less; an emulator that waits for something that never
 * comes has none, and PROCESS_IDLE_FACTOR times as long by the clock.
 */
struct process_limit {
	pid_t pid;
	double seconds; /* of processor time; 0: none */
	double end;     /* by process_now() */
};
#define PROCESS_IDLE_FACTOR 4
/* `seconds` of one processor for each of so many threads that work at once. */
struct process_limit process_limit(pid_t pid, unsigned seconds, unsigned threads);
/* Whether it is over, which is then said on standard error. False once the process is gone. */
bool process_limit_passed(const struct process_limit *limit);
/* Sleeps for one polling interval. */
void process_nap(void);

#endif
