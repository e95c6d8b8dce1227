/* SPDX-License-Identifier: Apache-2.0 */
/* A header and an array of places of one size, none of which crosses a page. A place is taken by writing its bytes first and
 * its mark last, and given up by clearing the mark; the process may end between any two of these. Free places are a stack,
 * so that few pages are ever touched. The file grows by doubling, with its blocks reserved: a full disk is seen by
 * posix_fallocate() and not by a write into the mapping. */
#include "agent/held.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define MAGIC UINT64_C(0x31646c6568716673) /* "sfqheld1", the layout's version with it */
#define PLACES_FIRST 64u
#define PLACES_MAX (1u << 20)
#define TEXT_BYTES (2048 - 48)

enum { TEXT_TRIGGER, TEXT_FLOW, TEXT_QUEUE, TEXT_MESSAGE, TEXT_GROUP, TEXT_HANDLE, TEXT_COUNT };

struct place {
        _Atomic uint32_t taken; /* 1, or 0 */
        uint32_t receive_count;
        uint64_t number;        /* in the order of held_put() */
        uint64_t execution_id, start_usec, flow_revision;
        uint16_t has_group, reserved;
        int32_t runner;
        char texts[TEXT_BYTES]; /* TEXT_COUNT of them, each with its NUL; the handle is the last */
};
_Static_assert(sizeof(struct place) == 2048, "two places a page");

struct file {
        uint64_t magic;
        uint64_t filler[255];
        struct place places[];
};
_Static_assert(sizeof(struct file) == 2048, "the header has the size of a place");

struct held {
        int fd;
        struct file *file;
        uint32_t count;         /* places */
        uint32_t *free;         /* a stack */
        uint32_t free_count;
        uint64_t next_number;
};

static size_t bytes_for(uint32_t count) {
        return sizeof(struct file) + (size_t)count * sizeof(struct place);
}

/* --- the file -------------------------------------------------------------------------------------------------------- */

static int map(struct held *h, uint32_t count) {
        void *p = h->file ? mremap(h->file, bytes_for(h->count), bytes_for(count), MREMAP_MAYMOVE) :
                            mmap(NULL, bytes_for(count), PROT_READ | PROT_WRITE, MAP_SHARED, h->fd, 0);

        if (p == MAP_FAILED)
                return -errno;
        h->file = p;
        h->count = count;
        return 0;
}

/* Room for `count` places. 0 or -errno: as before. */
static int grow(struct held *h, uint32_t count) {
        uint32_t *free_places = reallocarray(h->free, count, sizeof *free_places), old = h->file ? h->count : 0;
        int r;

        if (!free_places)
                return -ENOMEM;
        h->free = free_places;
        r = -posix_fallocate(h->fd, 0, (off_t)bytes_for(count));
        if (r == 0)
                r = map(h, count);
        if (r < 0)
                return r;
        for (uint32_t i = count; i > old; i--) {
                const struct place *p = &h->file->places[i - 1];

                if (!p->taken)
                        h->free[h->free_count++] = i - 1;
                else
                        h->next_number = MAX(h->next_number, p->number + 1);
        }
        return 0;
}

/* A new file, or one of another version: nothing in it is ours. */
static void clear(struct held *h) {
        h->free_count = 0;
        for (uint32_t i = h->count; i > 0; i--) {
                h->file->places[i - 1].taken = 0;
                h->free[h->free_count++] = i - 1;
        }
        h->file->magic = MAGIC;
}

static int open_file(struct held *h, const char *path) {
        struct stat st;
        uint64_t places;

        h->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
        if (h->fd < 0 || fstat(h->fd, &st) < 0)
                return -errno;
        places = (uint64_t)st.st_size < sizeof(struct file) ?
                         0 : ((uint64_t)st.st_size - sizeof(struct file)) / sizeof(struct place);
        return grow(h, (uint32_t)MIN(MAX(places, (uint64_t)PLACES_FIRST), (uint64_t)PLACES_MAX));
}

int held_open(const char *path, struct held **ret) {
        _cleanup_(held_freep) struct held *h = calloc(1, sizeof *h);
        int r;

        if (!h)
                return -ENOMEM;
        h->fd = -1;
        r = open_file(h, path);
        if (r < 0)
                return r;
        assert(h->file);
        if (h->file->magic != MAGIC)
                clear(h);
        *ret = TAKE_PTR(h);
        return 0;
}

struct held *held_free(struct held *h) {
        if (!h)
                return NULL;
        if (h->file)
                (void)munmap(h->file, bytes_for(h->count));
        close_fd(h->fd);
        free(h->free);
        free(h);
        return NULL;
}

/* --- what the last agent left ---------------------------------------------------------------------------------------- */

/* False when the texts are not all there. */
static bool read_place(const struct place *p, struct held_message *ret) {
        const char *texts[TEXT_COUNT], *at = p->texts, *end = p->texts + sizeof p->texts;

        for (size_t i = 0; i < TEXT_COUNT; i++) {
                const char *nul = memchr(at, '\0', (size_t)(end - at));

                if (!nul)
                        return false;
                texts[i] = at;
                at = nul + 1;
        }
        *ret = (struct held_message){
                .trigger = texts[TEXT_TRIGGER],
                .flow = texts[TEXT_FLOW],
                .queue_url = texts[TEXT_QUEUE],
                .message_id = texts[TEXT_MESSAGE],
                .group_id = p->has_group ? texts[TEXT_GROUP] : NULL,
                .receipt_handle = texts[TEXT_HANDLE],
                .flow_revision = p->flow_revision,
                .execution_id = p->execution_id,
                .start_usec = p->start_usec,
                .receive_count = p->receive_count,
                .runner = p->runner,
        };
        return true;
}

static int by_number(const void *a, const void *b) {
        const struct place *x = *(const struct place *const *)a, *y = *(const struct place *const *)b;

        return x->number < y->number ? -1 : x->number > y->number;
}

int held_each(struct held *h, held_func on_message, void *userdata) {
        _cleanup_free_ const struct place **taken = calloc(h->count, sizeof(struct place *));
        struct held_message m;
        size_t count = 0;
        int r = 0;

        if (!taken)
                return -ENOMEM;
        for (uint32_t i = 0; i < h->count; i++)
                if (h->file->places[i].taken)
                        taken[count++] = &h->file->places[i];
        qsort(taken, count, sizeof(struct place *), by_number);
        for (size_t i = 0; i < count && r >= 0; i++)
                if (read_place(taken[i], &m))
                        r = on_message(userdata, (uint32_t)(taken[i] - h->file->places), &m);
        return r < 0 ? r : 0;
}

/* --- what this one holds --------------------------------------------------------------------------------------------- */

static bool write_texts(struct place *p, const struct held_message *m) {
        const char *const texts[TEXT_COUNT] = {
                [TEXT_TRIGGER] = m->trigger,    [TEXT_FLOW] = m->flow,
                [TEXT_QUEUE] = m->queue_url,    [TEXT_MESSAGE] = m->message_id,
                [TEXT_GROUP] = m->group_id ? m->group_id : "", [TEXT_HANDLE] = m->receipt_handle,
        };
        size_t at = 0;

        for (size_t i = 0; i < TEXT_COUNT; i++) {
                size_t size = strlen(texts[i]) + 1;

                if (size > sizeof p->texts - at)
                        return false;
                memcpy(p->texts + at, texts[i], size);
                at += size;
        }
        return true;
}

uint32_t held_put(struct held *h, const struct held_message *m) {
        uint32_t place;
        struct place *p;

        assert(h->file);
        if (h->free_count == 0 && (h->count >= PLACES_MAX || grow(h, h->count * 2) < 0))
                return HELD_NONE;
        place = h->free[h->free_count - 1];
        p = &h->file->places[place];
        if (!write_texts(p, m))
                return HELD_NONE;
        h->free_count--;
        p->number = h->next_number++;
        p->receive_count = m->receive_count;
        p->execution_id = m->execution_id;
        p->start_usec = m->start_usec;
        p->flow_revision = m->flow_revision;
        p->has_group = m->group_id != NULL;
        p->runner = m->runner;
        p->taken = 1;
        return place;
}

void held_started(struct held *h, uint32_t place, uint64_t execution_id, uint64_t start_usec, pid_t runner) {
        if (place == HELD_NONE)
                return;
        h->file->places[place].runner = runner;
        h->file->places[place].start_usec = start_usec;
        h->file->places[place].execution_id = execution_id;
}

void held_ended(struct held *h, uint32_t place) {
        if (place != HELD_NONE)
                h->file->places[place].runner = 0;
}

void held_new_handle(struct held *h, uint32_t place, const char *receipt_handle) {
        struct held_message m;
        struct place *p;
        char *at;
        size_t size = strlen(receipt_handle) + 1;

        if (place == HELD_NONE)
                return;
        p = &h->file->places[place];
        if (!read_place(p, &m))
                return;
        at = p->texts + (m.receipt_handle - p->texts);
        p->taken = 0; /* an old handle may end nothing, and a torn one neither: without the mark meanwhile */
        if (size <= (size_t)(p->texts + sizeof p->texts - at)) {
                memcpy(at, receipt_handle, size);
                p->taken = 1;
        }
}

void held_drop(struct held *h, uint32_t place) {
        if (place == HELD_NONE)
                return;
        h->file->places[place].taken = 0;
        h->free[h->free_count++] = place;
}
