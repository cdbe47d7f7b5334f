/* vmksign's subcommands: each gets its own arguments (argv[0] is its name) and returns the exit
 * status: 0 done, 1 refused or failed (the cause is on stderr), 2 wrong usage. */
#ifndef SIGNING_COMMANDS_H
#define SIGNING_COMMANDS_H

#include <stdbool.h>
#include <vmkapi/levels.h>

int command_keys(int argc, char **argv);
int command_certificate(int argc, char **argv);
int command_package(int argc, char **argv);
int command_second(int argc, char **argv);
int command_verify(int argc, char **argv);
int command_dry_run(int argc, char **argv);
int command_show(int argc, char **argv);
int command_vm_image(int argc, char **argv);
int command_account(int argc, char **argv);

/* A level by its name; what is none is reported. */
bool level_read(const char *name, enum acceptance_level *level);

#endif
