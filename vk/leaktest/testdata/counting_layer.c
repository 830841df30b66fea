// A Vulkan layer that counts what the driver is asked for and gets back. It knows nothing of how the program keeps its own
// accounts, so tests can hold those against it.
//
// It appends lines of JSON to the file that the environment variable CNNVK_COUNTED names: {"instances":1} when an instance is
// made and -1 when it is destroyed, {"devices":1} when a device is made, and when that is destroyed what it was asked for:
//
//   {"devices":-1,"made":{"Buffer":12,...},"left":{"Buffer":0,...},"allocated":0,"peak":194000000,"together":1}
//
// "together" is how many calls compiled pipelines at the same time, at most. With CNNVK_MEET=2 each such call waits for a second one, but
// no longer than three seconds.
//
// One device at a time: to open a second one fails.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Vulkan's and its loader's binary interface, as far as it is needed here; handles of all kinds are 64 bits wide.
typedef void *Handle; // of an instance, a physical device or a device
typedef int32_t Result;
typedef void (*Function)(void);
typedef Function (*GetProc)(Handle, const char *);
typedef Result (*CreateInstance)(const void *info, const void *allocator, Handle *out);
typedef Result (*CreateDevice)(Handle physical, const void *info, const void *allocator, Handle *out);
typedef void (*DestroyTop)(Handle, const void *allocator); // an instance or a device
typedef Result (*Create)(Handle, const void *info, const void *allocator, uint64_t *out);
typedef void (*Destroy)(Handle, uint64_t, const void *allocator);
typedef Result (*CreatePipelines)(Handle, uint64_t cache, uint32_t, const void *infos, const void *allocator, uint64_t *out);
typedef Result (*AllocateCommands)(Handle, const void *info, Handle *out);
typedef void (*FreeCommands)(Handle, uint64_t pool, uint32_t, const Handle *);

typedef struct Link { // the next layer, or the driver
  struct Link *next;
  GetProc instance_proc;
  GetProc device_proc; // in an instance's chain: a function of another kind, not used here
} Link;

typedef struct Chain { // an element of an info's pNext
  uint32_t type;
  const struct Chain *next;
  uint32_t function; // of the loader's elements: 0 where there is a link
  Link *link;
} Chain;

typedef struct AllocateInfo { // VkMemoryAllocateInfo, and VkCommandBufferAllocateInfo with other names
  uint32_t type;
  const void *next;
  uint64_t size;
  uint32_t memory_type, count;
} AllocateInfo;

enum { LOADER_INSTANCE_INFO = 47, LOADER_DEVICE_INFO = 48, FAILED = -3, TOO_MANY = -10, MOST_ALLOCATIONS = 4096 };

// link_of finds the loader's element, and leaves in it what the next layer is to find.
static Link *link_of(const void *info, uint32_t type) {
  const Chain *c = ((const Chain *)info)->next;
  while (c && !(c->type == type && c->function == 0)) c = c->next;
  if (!c) return NULL;
  Link *link = c->link;
  ((Chain *)c)->link = link->next;
  return link;
}

// ---- The counts ----

// Kinds of objects that are made and destroyed one by one, alike.
#define SINGLE_KINDS(KIND)                                                                                             \
  KIND(Buffer)                                                                                                         \
  KIND(BufferView)                                                                                                     \
  KIND(ShaderModule)                                                                                                   \
  KIND(PipelineLayout)                                                                                                 \
  KIND(DescriptorSetLayout)                                                                                            \
  KIND(DescriptorPool)                                                                                                 \
  KIND(CommandPool)                                                                                                    \
  KIND(Fence)                                                                                                          \
  KIND(QueryPool)
#define ALL_KINDS(KIND) SINGLE_KINDS(KIND) KIND(Pipeline) KIND(CommandBuffer) KIND(Memory)

#define NAME(kind) #kind,
#define NUMBER(kind) NUMBER_##kind,
static const char *const names[] = {ALL_KINDS(NAME)};
enum { ALL_KINDS(NUMBER) KINDS };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
  int open;
  long made[KINDS], left[KINDS];
  uint64_t allocated, peak; // bytes
  int compiling, together;  // calls
  struct {
    uint64_t memory, size;
  } allocations[MOST_ALLOCATIONS];
} device;

static void add(int kind, long made) {
  pthread_mutex_lock(&lock);
  if (made > 0) device.made[kind] += made;
  device.left[kind] += made;
  pthread_mutex_unlock(&lock);
}

// write_counts writes {"Buffer":12,...}.
static void write_counts(FILE *out, const long *counts) {
  for (int i = 0; i < KINDS; i++) fprintf(out, "%s\"%s\":%ld", i == 0 ? "{" : ",", names[i], counts[i]);
  fprintf(out, "}");
}

static void note(const char *what, int more) {
  const char *path = getenv("CNNVK_COUNTED");
  FILE *out = path ? fopen(path, "a") : NULL;
  if (!out) return;
  fprintf(out, "{\"%s\":%d", what, more);
  if (strcmp(what, "devices") == 0 && more < 0) {
    fprintf(out, ",\"made\":");
    write_counts(out, device.made);
    fprintf(out, ",\"left\":");
    write_counts(out, device.left);
    fprintf(out, ",\"allocated\":%llu,\"peak\":%llu,\"together\":%d", (unsigned long long)device.allocated,
            (unsigned long long)device.peak, device.together);
  }
  fprintf(out, "}\n");
  fclose(out);
}

// ---- A device's functions ----

static GetProc next_device_proc;
#define NEXT(type, device, name) ((type)next_device_proc((device), (name)))

#define SINGLE(kind)                                                                                                   \
  static Result create##kind(Handle d, const void *info, const void *allocator, uint64_t *out) {                       \
    const Result r = NEXT(Create, d, "vkCreate" #kind)(d, info, allocator, out);                                       \
    if (r == 0) add(NUMBER_##kind, 1);                                                                                 \
    return r;                                                                                                          \
  }                                                                                                                    \
  static void destroy##kind(Handle d, uint64_t object, const void *allocator) {                                        \
    NEXT(Destroy, d, "vkDestroy" #kind)(d, object, allocator);                                                         \
    if (object) add(NUMBER_##kind, -1);                                                                                \
  }
SINGLE_KINDS(SINGLE)

static pthread_cond_t came = PTHREAD_COND_INITIALIZER;

// meet counts the calls that compile, and waits until as many as wanted have been there at the same time.
static void meet(void) {
  const char *wanted = getenv("CNNVK_MEET");
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += 3;
  pthread_mutex_lock(&lock);
  if (++device.compiling > device.together) device.together = device.compiling;
  pthread_cond_broadcast(&came);
  while (wanted && device.together < atoi(wanted) && pthread_cond_timedwait(&came, &lock, &until) == 0) continue;
  pthread_mutex_unlock(&lock);
}

static void leave(void) {
  pthread_mutex_lock(&lock);
  device.compiling--;
  pthread_mutex_unlock(&lock);
}

static Result create_pipelines(Handle d, uint64_t cache, uint32_t count, const void *infos, const void *allocator,
                               uint64_t *out) {
  meet();
  const Result r = NEXT(CreatePipelines, d, "vkCreateComputePipelines")(d, cache, count, infos, allocator, out);
  leave();
  if (r == 0) add(NUMBER_Pipeline, count);
  return r;
}

static void destroy_pipeline(Handle d, uint64_t object, const void *allocator) {
  NEXT(Destroy, d, "vkDestroyPipeline")(d, object, allocator);
  if (object) add(NUMBER_Pipeline, -1);
}

static Result allocate_commands(Handle d, const void *info, Handle *out) {
  const Result r = NEXT(AllocateCommands, d, "vkAllocateCommandBuffers")(d, info, out);
  if (r == 0) add(NUMBER_CommandBuffer, ((const AllocateInfo *)info)->count);
  return r;
}

static void free_commands(Handle d, uint64_t pool, uint32_t count, const Handle *commands) {
  NEXT(FreeCommands, d, "vkFreeCommandBuffers")(d, pool, count, commands);
  for (uint32_t i = 0; i < count; i++) {
    if (commands[i]) add(NUMBER_CommandBuffer, -1);
  }
}

static Result allocate_memory(Handle d, const void *info, const void *allocator, uint64_t *out) {
  const Result r = NEXT(Create, d, "vkAllocateMemory")(d, info, allocator, out);
  if (r != 0) return r;
  add(NUMBER_Memory, 1);
  const uint64_t size = ((const AllocateInfo *)info)->size;
  pthread_mutex_lock(&lock);
  int i = 0;
  while (i < MOST_ALLOCATIONS - 1 && device.allocations[i].memory) i++;
  device.allocations[i].memory = *out;
  device.allocations[i].size = size;
  device.allocated += size;
  if (device.allocated > device.peak) device.peak = device.allocated;
  pthread_mutex_unlock(&lock);
  return r;
}

static void free_memory(Handle d, uint64_t memory, const void *allocator) {
  NEXT(Destroy, d, "vkFreeMemory")(d, memory, allocator);
  if (!memory) return;
  add(NUMBER_Memory, -1);
  pthread_mutex_lock(&lock);
  for (int i = 0; i < MOST_ALLOCATIONS; i++) {
    if (device.allocations[i].memory != memory) continue;
    device.allocated -= device.allocations[i].size;
    device.allocations[i].memory = 0;
    break;
  }
  pthread_mutex_unlock(&lock);
}

static void destroy_device(Handle d, const void *allocator) {
  if (!d) return;
  NEXT(DestroyTop, d, "vkDestroyDevice")(d, allocator);
  note("devices", -1);
  device.open = 0;
}

static Function get_device_proc(Handle d, const char *name) {
#define LOOK_UP_SINGLE(kind)                                                                                           \
  if (strcmp(name, "vkCreate" #kind) == 0) return (Function)create##kind;                                              \
  if (strcmp(name, "vkDestroy" #kind) == 0) return (Function)destroy##kind;
  SINGLE_KINDS(LOOK_UP_SINGLE)
  static const struct {
    const char *name;
    Function function;
  } others[] = {
      {"vkCreateComputePipelines", (Function)create_pipelines},
      {"vkDestroyPipeline", (Function)destroy_pipeline},
      {"vkAllocateCommandBuffers", (Function)allocate_commands},
      {"vkFreeCommandBuffers", (Function)free_commands},
      {"vkAllocateMemory", (Function)allocate_memory},
      {"vkFreeMemory", (Function)free_memory},
      {"vkDestroyDevice", (Function)destroy_device},
      {"vkGetDeviceProcAddr", (Function)get_device_proc},
  };
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    if (strcmp(others[i].name, name) == 0) return others[i].function;
  }
  return next_device_proc(d, name);
}

// ---- An instance's functions ----

static GetProc next_instance_proc;
static DestroyTop next_destroy_instance;
static Handle instance;

static Result create_instance(const void *info, const void *allocator, Handle *out) {
  const Link *link = link_of(info, LOADER_INSTANCE_INFO);
  if (!link) return FAILED;
  next_instance_proc = link->instance_proc;
  const Result r = ((CreateInstance)next_instance_proc(NULL, "vkCreateInstance"))(info, allocator, out);
  if (r != 0) return r;
  instance = *out;
  // Later the loader would answer with the first layer's function.
  next_destroy_instance = (DestroyTop)next_instance_proc(instance, "vkDestroyInstance");
  note("instances", 1);
  return r;
}

static void destroy_instance(Handle in, const void *allocator) {
  if (!in) return;
  next_destroy_instance(in, allocator);
  note("instances", -1);
}

static Result create_device(Handle physical, const void *info, const void *allocator, Handle *out) {
  const Link *link = link_of(info, LOADER_DEVICE_INFO);
  if (!link) return FAILED;
  if (device.open) return TOO_MANY;
  memset(&device, 0, sizeof device);
  next_device_proc = link->device_proc;
  const Result r = ((CreateDevice)link->instance_proc(instance, "vkCreateDevice"))(physical, info, allocator, out);
  if (r != 0) return r;
  device.open = 1;
  note("devices", 1);
  return r;
}

__attribute__((visibility("default"))) Function vkGetInstanceProcAddr(Handle in, const char *name) {
  if (strcmp(name, "vkGetInstanceProcAddr") == 0) return (Function)vkGetInstanceProcAddr;
  if (strcmp(name, "vkCreateInstance") == 0) return (Function)create_instance;
  if (strcmp(name, "vkDestroyInstance") == 0) return (Function)destroy_instance;
  if (strcmp(name, "vkCreateDevice") == 0) return (Function)create_device;
  // Who asks the instance for a device's function gets one that counts too.
  if (strcmp(name, "vkGetDeviceProcAddr") == 0) return (Function)get_device_proc;
  return in ? next_instance_proc(in, name) : NULL;
}

__attribute__((visibility("default"))) Function vkGetDeviceProcAddr(Handle d, const char *name) {
  return get_device_proc(d, name);
}
