/*
 * Preloaded into a server by the nemesis: its wall clock is the machine's plus an offset in nanoseconds, which stands in
 * the file that ZK_WALL_CLOCK names and may be changed while the server runs. Monotonic clocks stay as they are.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000LL

static const int64_t *offset_ns;

__attribute__((constructor)) static void attach(void) {
  const char *name = getenv("ZK_WALL_CLOCK");
  int fd = name == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  void *mapped = mmap(NULL, sizeof *offset_ns, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped != MAP_FAILED) offset_ns = mapped;
}

static int is_wall_clock(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  if (syscall(SYS_clock_gettime, clock, now) != 0) return -1;
  if (offset_ns == NULL || !is_wall_clock(clock)) return 0;
  int64_t shifted = now->tv_sec * SECOND_NS + now->tv_nsec + __atomic_load_n(offset_ns, __ATOMIC_RELAXED);
  now->tv_sec = shifted / SECOND_NS;
  now->tv_nsec = shifted % SECOND_NS;
  return 0;
}

int gettimeofday(struct timeval *now, void *zone) {
  struct timespec wall;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &wall);
  now->tv_sec = wall.tv_sec;
  now->tv_usec = wall.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *now) {
  struct timespec wall;
  clock_gettime(CLOCK_REALTIME, &wall);
  if (now != NULL) *now = wall.tv_sec;
  return wall.tv_sec;
}
