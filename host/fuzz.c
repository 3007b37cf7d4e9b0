// SPDX-License-Identifier: GPL-2.0
/* A test with libFuzzer's choices: each input is a round. */
#include "core.h"

/* libFuzzer calls these, the first one once; the names are its own. */
int host_fuzz_init(int *argc, char ***argv) asm("LLVMFuzzerInitialize");
int host_fuzz_one(const u8 *data, size_t size) asm("LLVMFuzzerTestOneInput");

/* libFuzzer writes the input into a file. */
void host_test_context(void)
{
}

int host_fuzz_init(int *argc, char ***argv)
{
	host_core_init();
	return 0;
}

int host_fuzz_one(const u8 *data, size_t size)
{
	host_seed(0);
	host_bytes.at = data;
	host_bytes.end = data + size;
	host_test_begin();
	while (host_bytes.at < host_bytes.end)
		host_test_step();
	host_test_end();
	return 0;
}
