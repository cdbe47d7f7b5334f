/* For tests: does a user world leave anything behind? */
#ifndef BOOT_LIVES_H
#define BOOT_LIVES_H

/*
 * Waits for the end of two lives of a user world that is restarted, and logs what memory is in use
 * after each. The first life fills what is kept for the next.
 */
void watch_lives(const char *name);

#endif
