// Before Go's runtime begins: it ends in a dump where it gets too little address space or too few threads for itself.
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MIB = 1 << 20, MIN_ADDRESS_SPACE = 1024 * MIB, START_ADDRESS_SPACE = 1000 * MIB, MIN_DATA = 160 * MIB };
enum { MAX_PROCESSORS = 16, OTHER_THREADS = 10 };

static void refuse(const char *what, const char *hint) {
  fprintf(stderr, "cnnvk: %s\nhint: %s\n", what, hint);
  _exit(1);
}

static rlim_t limit_of(int resource) {
  struct rlimit limit;
  return getrlimit(resource, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

static struct rlimit address_space; // as it was set

// spare_address_space leaves more of an address space that is limited. glibc reserves 64 MiB for a heap of each thread, if it is
// let. Go reserves some 450 MiB more than it must where it gets them, and dies if nothing is left then: so until it has begun there
// are fewer, which after_start gives back.
static void spare_address_space(void) {
  if (getrlimit(RLIMIT_AS, &address_space) != 0 || address_space.rlim_cur == RLIM_INFINITY) return;
#ifdef M_ARENA_MAX
  mallopt(M_ARENA_MAX, 1);
#endif
  struct rlimit fewer = address_space;
  if (fewer.rlim_cur > (rlim_t)START_ADDRESS_SPACE) fewer.rlim_cur = (rlim_t)START_ADDRESS_SPACE;
  setrlimit(RLIMIT_AS, &fewer);
}

void after_start(void) {
  if (address_space.rlim_cur != 0 && address_space.rlim_cur != RLIM_INFINITY) setrlimit(RLIMIT_AS, &address_space);
}

static void *wait_at(void *gate) {
  pthread_mutex_lock(gate);
  pthread_mutex_unlock(gate);
  return NULL;
}

// need_threads sees whether there can be as many threads at a time as Go and a driver make.
static void need_threads(void) {
  static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
  const long processors = sysconf(_SC_NPROCESSORS_ONLN);
  const int wanted = OTHER_THREADS + 2 * (int)(processors < MAX_PROCESSORS ? processors : MAX_PROCESSORS);
  pthread_t threads[OTHER_THREADS + 2 * MAX_PROCESSORS];
  pthread_attr_t attributes;
  int made = 0;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 64 << 10);
  pthread_mutex_lock(&gate);
  while (made < wanted && pthread_create(&threads[made], &attributes, wait_at, &gate) == 0) made++;
  pthread_mutex_unlock(&gate);
  for (int i = 0; i < made; i++) pthread_join(threads[i], NULL);
  pthread_attr_destroy(&attributes);
  if (made < wanted) {
    char what[128];
    snprintf(what, sizeof what, "the system allows %d threads more, about %d are needed", made, wanted);
    refuse(what, "raise ulimit -u, or the container's limit of processes");
  }
}

__attribute__((constructor)) static void before_go(void) {
  if (limit_of(RLIMIT_AS) < (rlim_t)MIN_ADDRESS_SPACE) {
    refuse("the limit of address space (ulimit -v) is below 1 GiB, with which nothing works", "ulimit -v unlimited");
  }
  if (limit_of(RLIMIT_DATA) < (rlim_t)MIN_DATA) {
    refuse("the limit of data memory (ulimit -d) is below 160 MiB, with which nothing works", "ulimit -d unlimited");
  }
  spare_address_space();
  need_threads();
}
