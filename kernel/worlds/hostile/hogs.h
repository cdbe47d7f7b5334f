/* Worlds that take all they can get of one thing, for ever: whoever has work to do beside them is
 * to find nothing missing. */
#ifndef WORLDS_HOSTILE_HOGS_H
#define WORLDS_HOSTILE_HOGS_H

/* X(name): the world hostile-hog-NAME. `limited` wants CPU time, of which it may have a tenth. */
#define HOGS(X)    \
	X(memory)  \
	X(handles) \
	X(cpu)     \
	X(limited) \
	X(log)     \
	X(port)

/* What follows "hog-" in the name. Returns only where there is no such. */
void hostile_hog(const char *name);

#endif
