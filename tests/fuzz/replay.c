/* SPDX-License-Identifier: Apache-2.0 */
/* Replays a fuzz target's corpus without libFuzzer: linked with fuzz_X.c, named replay_X, it feeds every file of
 * tests/fuzz/corpus/X (or of the folder given) to the target. A crash or a sanitizer's finding is the failure. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/file.h"
#include "common/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_BYTES_MAX (16u * 1024 * 1024)

static int replay_file(const char *folder, const char *name) {
        _cleanup_free_ char *path = path_join(folder, name);
        _cleanup_free_ char *data = NULL;
        size_t len;
        int r;

        if (!path)
                return -ENOMEM;
        r = file_read(path, INPUT_BYTES_MAX, &data, &len);
        if (r < 0)
                return r;
        LLVMFuzzerTestOneInput((const uint8_t *)data, len);
        return 0;
}

int main(int argc, char **argv) {
        const char *target = strrchr(argv[0], '/');
        _cleanup_free_ char *folder = NULL;
        struct dirent *entry;
        size_t count = 0;
        DIR *dir;

        target = text_after(target ? target + 1 : argv[0], "replay_");
        folder = argc > 1 ? text_dup(argv[1]) : text_printf("tests/fuzz/corpus/%s", target ? target : "");
        dir = folder ? opendir(folder) : NULL;
        if (!dir) {
                fprintf(stderr, "cannot open the corpus %s: %m\n", folder ? folder : "");
                return 1;
        }
        while ((entry = readdir(dir))) {
                int r;

                if (entry->d_name[0] == '.')
                        continue;
                r = replay_file(folder, entry->d_name);
                if (r < 0) {
                        fprintf(stderr, "%s/%s: %s\n", folder, entry->d_name, strerror(-r));
                        return 1;
                }
                count++;
        }
        closedir(dir);
        if (count == 0) {
                fprintf(stderr, "%s holds nothing to replay\n", folder);
                return 1;
        }
        printf("[  PASSED  ] 1 test(s): %zu inputs of %s\n", count, folder);
        return 0;
}
