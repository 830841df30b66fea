// A Vulkan driver without hardware, for tests of what is said about devices that are of no use. Each letter of the environment
// variable FAKE_DEVICES is a device: n has no queue for compute, o is of Vulkan 1.0. With "!" there is a failure in their place.
#include <stdlib.h>
#include <string.h>

#include "../abi.h"

#define LOADER_MAGIC 0x01CDC0DE // what the loader wants at the beginning of its handles

typedef void (*Function)(void);
typedef struct Device {
  uintptr_t magic;
  char kind;
} Device;

static Device devices[8];
static uintptr_t instance = LOADER_MAGIC;

static const char *kinds(void) { return getenv("FAKE_DEVICES") ? getenv("FAKE_DEVICES") : ""; }

static VkResult nothing(void) { return VK_SUCCESS; }

static VkResult instance_version(uint32_t *version) {
  *version = 1u << 22 | 1u << 12;
  return VK_SUCCESS;
}

static VkResult create_instance(const VkInstanceCreateInfo *info, const void *allocator, VkInstance *out) {
  (void)info, (void)allocator;
  *out = &instance;
  return VK_SUCCESS;
}

static VkResult no_extensions(void *of, const char *layer, uint32_t *count, VkExtensionProperties *out) {
  (void)of, (void)layer, (void)out;
  *count = 0;
  return VK_SUCCESS;
}

static VkResult no_instance_extensions(const char *layer, uint32_t *count, VkExtensionProperties *out) {
  return no_extensions(NULL, layer, count, out);
}

static VkResult list_devices(VkInstance of, uint32_t *count, VkPhysicalDevice *out) {
  (void)of;
  if (kinds()[0] == '!') return VK_ERROR_INITIALIZATION_FAILED;
  *count = (uint32_t)strlen(kinds());
  for (uint32_t i = 0; out && i < *count; i++) {
    devices[i] = (Device){LOADER_MAGIC, kinds()[i]};
    out[i] = &devices[i];
  }
  return VK_SUCCESS;
}

static void properties(const Device *d, char *out) {
  memset(out, 0, 824);
  const uint32_t version = d->kind == 'o' ? 1u << 22 | 5 : 1u << 22 | 1u << 12;
  memcpy(out, &version, 4);
  memcpy(out + 20, "fake ", 5);
  out[25] = d->kind;
}

static void properties2(const Device *d, VkPhysicalDeviceProperties2 *out) { properties(d, (char *)out->properties); }

static void queues(const Device *d, uint32_t *count, VkQueueFamilyProperties *out) {
  (void)d;
  if (out && *count > 0) *out = (VkQueueFamilyProperties){.queueFlags = 4, .queueCount = 1}; // transfers alone
  *count = 1;
}

static void no_memory(const Device *d, char *out) {
  (void)d;
  memset(out, 0, 520);
}

VkResult vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version) {
  if (*version > 5) *version = 5;
  return VK_SUCCESS;
}

Function vk_icdGetInstanceProcAddr(VkInstance of, const char *name) {
  (void)of;
  static const struct {
    const char *name;
    Function function;
  } functions[] = {
      {"vkCreateInstance", (Function)create_instance},
      {"vkEnumerateInstanceVersion", (Function)instance_version},
      {"vkEnumerateInstanceExtensionProperties", (Function)no_instance_extensions},
      {"vkEnumerateDeviceExtensionProperties", (Function)no_extensions},
      {"vkEnumeratePhysicalDevices", (Function)list_devices},
      {"vkGetPhysicalDeviceProperties", (Function)properties},
      {"vkGetPhysicalDeviceProperties2", (Function)properties2},
      {"vkGetPhysicalDeviceQueueFamilyProperties", (Function)queues},
      {"vkGetPhysicalDeviceMemoryProperties", (Function)no_memory},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    if (strcmp(functions[i].name, name) == 0) return functions[i].function;
  }
  return (Function)nothing;
}
