/* vmksign's subcommands: each gets its own arguments (argv[0] is its name) and returns the exit
 * status: 0 done, 1 refused or failed (the cause is on stderr), 2 wrong usage. */
#ifndef SIGNING_COMMANDS_H
#define SIGNING_COMMANDS_H

int command_keys(int argc, char **argv);
int command_certificate(int argc, char **argv);
int command_package(int argc, char **argv);
int command_verify(int argc, char **argv);
int command_show(int argc, char **argv);
int command_vm_image(int argc, char **argv);

#endif
