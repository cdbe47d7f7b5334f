/* Lines in the host's log. */
#ifndef AGENT_SAY_H
#define AGENT_SAY_H

/* One line, without its newline; longer than 200 characters, it is cut. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

#endif
