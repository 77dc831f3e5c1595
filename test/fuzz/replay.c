/* Runs a fuzz target over the files of kept corpora: every test run does, without libFuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST_INPUT = 1 << 20 };

/* A buffer of exactly the input's size, so that ASan sees a read past its end. */
static void replay_file(const char *path)
{
	static uint8_t most[LARGEST_INPUT];
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		exit(1);
	}
	size_t len = fread(most, 1, sizeof(most), f);
	if (ferror(f) || !feof(f)) {
		fprintf(stderr, "%s: want a file of at most %d bytes\n", path, LARGEST_INPUT);
		exit(1);
	}
	(void)fclose(f);
	uint8_t *data = malloc(len ? len : 1);
	if (!data)
		abort();
	memcpy(data, most, len);
	(void)LLVMFuzzerTestOneInput(data, len);
	free(data);
}

static unsigned replay_folder(const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, NULL, alphasort);
	unsigned replayed = 0;
	for (int i = 0; i < count; i++) {
		char path[4096];
		if (entries[i]->d_name[0] != '.') {
			(void)snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
			replay_file(path);
			replayed++;
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return replayed;
}

int main(int argc, char **argv)
{
	unsigned replayed = 0;
	for (int i = 1; i < argc; i++)
		replayed += replay_folder(argv[i]);
	printf("%u inputs\n", replayed);
	if (!replayed)
		fprintf(stderr, "want kept inputs, have none\n");
	return replayed ? 0 : 1;
}
