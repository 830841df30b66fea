// A Vulkan driver without hardware, for tests of what is said about devices that are of no use. Each letter of the environment
// variable FAKE_DEVICES is a device: n has no queue for compute, o is of Vulkan 1.0, c takes every call and computes nothing, and so
// does d, which has a second queue family, for computing alone, and s, which has little memory of its own. r has subgroups of 8 to 32 and
// makes no pipeline without an order of which; of p no compute shader can order them, and of f none can have full ones. m has cooperative
// matrices, and is opened with them and Vulkan's memory model alone; g has them in graphics, w without that memory model, and l without its device
// scope. Those of one letter have one name and different UUIDs. With "!" there is a failure in their place.
#include <stdlib.h>
#include <string.h>

#include "../abi.h"

#define LOADER_MAGIC 0x01CDC0DE // what the loader wants at the beginning of its handles

static const char size_control[] = "VK_EXT_subgroup_size_control";
static const char matrices[] = "VK_KHR_cooperative_matrix", memory_model[] = "VK_KHR_vulkan_memory_model";

typedef void (*Function)(void);
typedef struct Device {
  uintptr_t magic;
  char kind;
} Device;

static Device devices[8];
static uintptr_t device = LOADER_MAGIC, queue = LOADER_MAGIC;
static uintptr_t instance = LOADER_MAGIC;
static char opened; // the kind of the device that was opened last

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

static int has_sizes(char kind) { return kind && strchr("rpf", kind); }

static int has_matrices(char kind) { return kind && strchr("mgwl", kind); }

static VkResult device_extensions(const Device *d, const char *layer, uint32_t *count, VkExtensionProperties *out) {
  if (layer) return no_extensions(NULL, layer, count, out);
  const char *names[2];
  uint32_t have = 0;
  if (has_sizes(d->kind)) names[have++] = size_control;
  if (has_matrices(d->kind)) names[have++] = matrices;
  if (has_matrices(d->kind) && d->kind != 'w') names[have++] = memory_model;
  for (uint32_t i = 0; out && i < have && i < *count; i++) {
    memset(&out[i], 0, sizeof *out);
    strcpy(out[i].extensionName, names[i]);
  }
  *count = have;
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

// What Vulkan guarantees, at the places of VkPhysicalDeviceLimits, which begins after 296 bytes.
static const struct {
  size_t offset;
  uint32_t value;
} limits[] = {
    {20, 65536},  // maxTexelBufferElements
    {24, 16384},  // maxUniformBufferRange
    {28, 1 << 27}, // maxStorageBufferRange
    {32, 128},    // maxPushConstantsSize
    {76, 4},      // maxPerStageDescriptorStorageBuffers
    {80, 16},     // maxPerStageDescriptorSampledImages
    {92, 128},    // maxPerStageResources
    {216, 16384}, // maxComputeSharedMemorySize
    {220, 65535}, {224, 65535}, {228, 65535}, // maxComputeWorkGroupCount
    {232, 128},   // maxComputeWorkGroupInvocations
    {236, 128}, {240, 128}, {244, 64}, // maxComputeWorkGroupSize
    {312, 256},   // minTexelBufferOffsetAlignment
    {320, 256},   // minUniformBufferOffsetAlignment
    {328, 256},   // minStorageBufferOffsetAlignment
    {496, 256},   // nonCoherentAtomSize
};

static void properties(const Device *d, char *out) {
  memset(out, 0, 824);
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) memcpy(out + 296 + limits[i].offset, &limits[i].value, 4);
  const uint32_t version = d->kind == 'o' ? 1u << 22 | 5 : 1u << 22 | 1u << 12;
  memcpy(out, &version, 4);
  memcpy(out + 20, "fake ", 5);
  out[25] = d->kind;
  const uint32_t integrated = 1;
  if (d->kind == 's') memcpy(out + 16, &integrated, 4);
}

static void properties2(const Device *d, VkPhysicalDeviceProperties2 *out) {
  properties(d, (char *)out->properties);
  for (VkPhysicalDeviceProperties2 *next = out->pNext; next; next = next->pNext) {
    if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES) {
      VkPhysicalDeviceIDProperties *id = (void *)next;
      id->deviceUUID[0] = 0xfa;
      id->deviceUUID[15] = (uint8_t)(1 + (d - devices));
    } else if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES) {
      ((VkPhysicalDeviceMaintenance3Properties *)(void *)next)->maxMemoryAllocationSize = 1 << 30;
    } else if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES) {
      ((VkPhysicalDeviceSubgroupProperties *)(void *)next)->subgroupSize = has_sizes(d->kind) ? 32 : 1;
    } else if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES) {
      VkPhysicalDeviceSubgroupSizeControlProperties *sizes = (void *)next;
      const VkFlags fragment = 0x10;
      sizes->minSubgroupSize = 8, sizes->maxSubgroupSize = 32;
      sizes->requiredSubgroupSizeStages = d->kind == 'p' ? fragment : fragment | VK_SHADER_STAGE_COMPUTE_BIT;
    } else if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_PROPERTIES_KHR) {
      const VkFlags fragment = 0x10;
      ((VkPhysicalDeviceCooperativeMatrixPropertiesKHR *)(void *)next)->cooperativeMatrixSupportedStages =
          d->kind == 'g' ? fragment : fragment | VK_SHADER_STAGE_COMPUTE_BIT;
    }
  }
}

static void features2(const Device *d, VkPhysicalDeviceFeatures2 *out) {
  for (VkPhysicalDeviceFeatures2 *next = out->pNext; next; next = next->pNext) {
    if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES) {
      VkPhysicalDeviceSubgroupSizeControlFeatures *control = (void *)next;
      control->subgroupSizeControl = 1, control->computeFullSubgroups = d->kind != 'f';
    } else if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR) {
      ((VkPhysicalDeviceCooperativeMatrixFeaturesKHR *)(void *)next)->cooperativeMatrix = 1;
    } else if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_MEMORY_MODEL_FEATURES) {
      VkPhysicalDeviceVulkanMemoryModelFeatures *model = (void *)next;
      model->vulkanMemoryModel = 1, model->vulkanMemoryModelDeviceScope = d->kind != 'l';
    }
  }
}

static VkResult list_matrices(const Device *d, uint32_t *count, VkCooperativeMatrixPropertiesKHR *out) {
  (void)d;
  const uint32_t float16 = 0, float32 = 1, int8 = 3, int32 = 5, workgroup = 2;
  const uint32_t list[][9] = {{16, 8, 32, float16, float16, float32, float32, 0, VK_SCOPE_SUBGROUP_KHR},
                              {8, 8, 16, int8, int8, int32, float32, 1, workgroup},
                              {4, 4, 4, 77, 77, 77, 77, 0, 77}};
  const uint32_t have = sizeof list / sizeof *list;
  for (uint32_t i = 0; out && i < have && i < *count; i++) memcpy(&out[i].MSize, list[i], sizeof list[i]);
  *count = have;
  return VK_SUCCESS;
}

static void queues(const Device *d, uint32_t *count, VkQueueFamilyProperties *out) {
  const VkFlags transfer = 4;
  const VkQueueFamilyProperties families[] = {
      {.queueFlags = d->kind == 'n' ? transfer : VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT, .queueCount = 1},
      {.queueFlags = VK_QUEUE_COMPUTE_BIT, .queueCount = 1, .timestampValidBits = 64}};
  const uint32_t have = d->kind == 'd' ? 2 : 1;
  for (uint32_t i = 0; out && i < have && i < *count; i++) out[i] = families[i];
  *count = have;
}

// VkPhysicalDeviceMemoryProperties, with names of its own.
typedef struct Memory {
  uint32_t type_count;
  struct {
    uint32_t flags, heap;
  } types[32];
  uint32_t heap_count;
  struct {
    uint64_t size;
    uint32_t flags;
  } heaps[16];
} Memory;

static void memory(const Device *d, Memory *out) {
  const uint32_t local = 1, host = 2 | 4 | 8; // which is visible, coherent and cached
  if (d->kind == 's') {
    *out = (Memory){.type_count = 2, .types = {{local, 0}, {host, 1}}, .heap_count = 2, .heaps = {{1 << 20, local}, {1 << 30, 0}}};
  } else {
    *out = (Memory){.type_count = 1, .types = {{local | host, 0}}, .heap_count = 1, .heaps = {{1 << 30, local}}};
  }
}

// Of the device: handles of what is made are never 0, memory is the host's, and everything else is done at once.

// orders reports whether a device is to take orders of subgroups' sizes.
static int orders(const VkDeviceCreateInfo *info) {
  int extension = 0;
  for (uint32_t i = 0; i < info->enabledExtensionCount; i++) extension |= !strcmp(info->ppEnabledExtensionNames[i], size_control);
  for (const VkPhysicalDeviceFeatures2 *next = info->pNext; next; next = next->pNext) {
    const VkPhysicalDeviceSubgroupSizeControlFeatures *control = (const void *)next;
    if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES) {
      return extension && control->subgroupSizeControl && control->computeFullSubgroups;
    }
  }
  return 0;
}

// matrix reports whether a device is to multiply matrices, in the memory model for that, and without what nobody asked for.
static int matrix(const VkDeviceCreateInfo *info) {
  int extensions = 0, features = 0;
  for (uint32_t i = 0; i < info->enabledExtensionCount; i++) {
    extensions += !strcmp(info->ppEnabledExtensionNames[i], matrices) || !strcmp(info->ppEnabledExtensionNames[i], memory_model);
  }
  for (const VkPhysicalDeviceFeatures2 *next = info->pNext; next; next = next->pNext) {
    if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR) {
      const VkPhysicalDeviceCooperativeMatrixFeaturesKHR *f = (const void *)next;
      features += f->cooperativeMatrix && !f->cooperativeMatrixRobustBufferAccess;
    } else if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_MEMORY_MODEL_FEATURES) {
      const VkPhysicalDeviceVulkanMemoryModelFeatures *f = (const void *)next;
      features += f->vulkanMemoryModel && f->vulkanMemoryModelDeviceScope;
    }
  }
  return extensions == 2 && features == 2;
}

static VkResult create_device(const Device *of, const VkDeviceCreateInfo *info, const void *allocator, void **out) {
  (void)allocator;
  if (has_sizes(of->kind) && orders(info) != (of->kind == 'r')) return VK_ERROR_INITIALIZATION_FAILED;
  if (matrix(info) != (of->kind == 'm')) return VK_ERROR_INITIALIZATION_FAILED;
  opened = of->kind;
  *out = &device;
  return VK_SUCCESS;
}

static void get_queue(void *of, uint32_t family, uint32_t index, void **out) {
  (void)of, (void)family, (void)index;
  *out = &queue;
}

static VkResult create(void *of, const void *info, const void *allocator, uint64_t *out) {
  (void)of, (void)info, (void)allocator;
  *out = 1;
  return VK_SUCCESS;
}

static VkResult create_pipelines(void *of, uint64_t cache, uint32_t count, const VkComputePipelineCreateInfo *infos, const void *allocator, uint64_t *out) {
  (void)of, (void)cache, (void)allocator;
  for (uint32_t i = 0; i < count; i++) {
    const VkPipelineShaderStageRequiredSubgroupSizeCreateInfo *order = infos[i].stage.pNext;
    const uint32_t *constants = infos[i].stage.pSpecializationInfo ? infos[i].stage.pSpecializationInfo->pData : NULL;
    const int full = infos[i].stage.flags & VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT;
    // The first constant is the size of a workgroup, which is one subgroup here.
    if (opened == 'r' && !(full && constants && order &&
                           order->sType == VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO &&
                           order->requiredSubgroupSize == constants[0])) {
      return VK_ERROR_INITIALIZATION_FAILED;
    }
    out[i] = 1;
  }
  return VK_SUCCESS;
}

static VkResult allocate_set(void *of, const void *info, uint64_t *out) { return create(of, info, NULL, out); }

static VkResult allocate_commands(void *of, const void *info, void **out) {
  (void)of, (void)info;
  uintptr_t *commands = calloc(1, sizeof *commands); // tests are short: nothing of it is freed
  *commands = LOADER_MAGIC;
  *out = commands;
  return VK_SUCCESS;
}

// A buffer is its size.
static VkResult create_buffer(void *of, const uint64_t *info, const void *allocator, uint64_t *out) {
  (void)of, (void)allocator;
  *out = info[3]; // VkBufferCreateInfo: sType, pNext, flags, size
  return VK_SUCCESS;
}

static void buffer_needs(void *of, uint64_t buffer, uint64_t *out) {
  (void)of;
  out[0] = (buffer + 255) / 256 * 256, out[1] = 256, out[2] = 3; // VkMemoryRequirements: size, alignment, types
}

static VkResult allocate_memory(void *of, const uint64_t *info, const void *allocator, void **out) {
  (void)of, (void)allocator;
  *out = calloc(1, info[2]); // VkMemoryAllocateInfo: sType, pNext, size
  return *out ? VK_SUCCESS : VK_ERROR_OUT_OF_HOST_MEMORY;
}

static void free_memory(void *of, void *memory, const void *allocator) {
  (void)of, (void)allocator;
  free(memory);
}

static VkResult map_memory(void *of, void *memory, uint64_t offset, uint64_t size, VkFlags flags, void **out) {
  (void)of, (void)size, (void)flags;
  *out = (char *)memory + offset;
  return VK_SUCCESS;
}

static VkResult cache_data(void *of, uint64_t cache, size_t *size, void *data) {
  (void)of, (void)cache, (void)data;
  *size = 0;
  return VK_SUCCESS;
}

Function vk_icdGetInstanceProcAddr(VkInstance of, const char *name);

static Function device_function(void *of, const char *name) {
  (void)of;
  return vk_icdGetInstanceProcAddr(&instance, name);
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
      {"vkEnumerateDeviceExtensionProperties", (Function)device_extensions},
      {"vkEnumeratePhysicalDevices", (Function)list_devices},
      {"vkGetPhysicalDeviceProperties", (Function)properties},
      {"vkGetPhysicalDeviceProperties2", (Function)properties2},
      {"vkGetPhysicalDeviceFeatures2", (Function)features2},
      {"vkGetPhysicalDeviceQueueFamilyProperties", (Function)queues},
      {"vkGetPhysicalDeviceMemoryProperties", (Function)memory},
      {"vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR", (Function)list_matrices},
      {"vkGetDeviceProcAddr", (Function)device_function},
      {"vkCreateDevice", (Function)create_device},
      {"vkGetDeviceQueue", (Function)get_queue},
      {"vkCreateCommandPool", (Function)create},
      {"vkCreateFence", (Function)create},
      {"vkCreateQueryPool", (Function)create},
      {"vkCreateShaderModule", (Function)create},
      {"vkCreateDescriptorSetLayout", (Function)create},
      {"vkCreatePipelineLayout", (Function)create},
      {"vkCreateDescriptorPool", (Function)create},
      {"vkCreateBufferView", (Function)create},
      {"vkCreatePipelineCache", (Function)create},
      {"vkGetPipelineCacheData", (Function)cache_data},
      {"vkCreateComputePipelines", (Function)create_pipelines},
      {"vkAllocateDescriptorSets", (Function)allocate_set},
      {"vkAllocateCommandBuffers", (Function)allocate_commands},
      {"vkCreateBuffer", (Function)create_buffer},
      {"vkGetBufferMemoryRequirements", (Function)buffer_needs},
      {"vkAllocateMemory", (Function)allocate_memory},
      {"vkFreeMemory", (Function)free_memory},
      {"vkMapMemory", (Function)map_memory},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    if (strcmp(functions[i].name, name) == 0) return functions[i].function;
  }
  return (Function)nothing;
}

// Through this a loader that is older than an extension finds the extension's functions of physical devices.
Function vk_icdGetPhysicalDeviceProcAddr(VkInstance of, const char *name) {
  return strncmp(name, "vkGetPhysicalDevice", 19) == 0 ? vk_icdGetInstanceProcAddr(of, name) : NULL;
}
