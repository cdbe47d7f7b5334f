/*
 * A main() for a fuzz target without a fuzzer: runs each file, and each file of each folder, that
 * the command line names. For compilers that bring no libFuzzer.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define INPUT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);

/* For targets with a mutator of their own: nothing is mutated here. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room)
{
	return size;
}

static unsigned runs;

/* A copy on the heap, exactly as long as the input: a read past its end is seen. */
static int replay_file(const char *path)
{
	static uint8_t buffer[INPUT_MAX];
	FILE *file = fopen(path, "rb");
	uint8_t *input;
	size_t size;

	if (!file) {
		perror(path);
		return 1;
	}
	size = fread(buffer, 1, sizeof(buffer), file);
	fclose(file);
	input = malloc(size ? size : 1);
	if (!input)
		abort();
	for (size_t i = 0; i < size; i++)
		input[i] = buffer[i];
	LLVMFuzzerTestOneInput(input, size);
	free(input);
	runs++;
	return 0;
}

static int replay_folder(const char *path, DIR *folder)
{
	const struct dirent *entry;
	char name[4096];
	int status = 0;

	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		status |= replay_file(name);
	}
	return status;
}

int main(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);

		status |= folder ? replay_folder(argv[i], folder) : replay_file(argv[i]);
		if (folder)
			closedir(folder);
	}
	printf("%u inputs\n", runs);
	return status;
}
