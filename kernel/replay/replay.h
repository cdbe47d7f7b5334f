/* A fuzzer's input in this kernel, because the measured option `replay` asks for it. */
#ifndef REPLAY_REPLAY_H
#define REPLAY_REPLAY_H

/*
 * Without the option: nothing. With it, the bytes of the package of kind `replay` are given to what
 * the option names; each step is a line of the log. Panics where the fuzz target would abort.
 */
void replay_boot(void);

#endif
