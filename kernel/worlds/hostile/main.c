/* Does what the world's own name says: hostile-exec_stack calls attack_exec_stack(),
 * hostile-calls-1000 makes 1000 random system calls. */
#include "kernel/worlds/hostile/attacks.h"
#include "kernel/worlds/hostile/calls.h"
#include "kernel/worlds/hostile/hogs.h"

#include <stdio.h>
#include <string.h>
#include <vmkuser/libvmkuser.h>

#define PREFIX "hostile-"
#define CALLS  "calls-"
#define HOG    "hog-"

static const struct {
	const char *name;
	void (*attack)(void);
} attacks[] = {
#define X(name, expected) {#name, attack_##name},
	ATTACKS(X)
#undef X
};

int main(void)
{
	const char *name = vmku_start()->world + strlen(PREFIX);

	if (strncmp(name, CALLS, strlen(CALLS)) == 0)
		return hostile_calls(name + strlen(CALLS));
	if (strncmp(name, HOG, strlen(HOG)) == 0)
		hostile_hog(name + strlen(HOG));
	for (unsigned i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		if (strcmp(attacks[i].name, name) != 0)
			continue;
		printf("tries %s\n", name);
		attacks[i].attack();
		printf("survives\n");
		return 0;
	}
	printf("no case %s\n", name);
	return 1;
}
