#include "_cgo_export.h"
#include "shim_calls.h"

#include <stdlib.h>
#include <string.h>

static const uint32_t api_version_1_2 = 1u << 22 | 2u << 12;
static const uint32_t api_version_1_3 = 1u << 22 | 3u << 12;
static const char validation_layer[] = "VK_LAYER_KHRONOS_validation";

// ---- Before there is an instance ----

VkResult shim_instance_version(void *loader, uint32_t *version) {
  PFN_vkEnumerateInstanceVersion enumerate = LOOK_UP((PFN_getProc)loader, NULL, vkEnumerateInstanceVersion);
  *version = 1u << 22; // Vulkan 1.0 does not have the function
  return enumerate ? enumerate(version) : VK_SUCCESS;
}

VkResult shim_validation_version(void *loader, uint32_t *version) {
  PFN_vkEnumerateInstanceLayerProperties enumerate =
      LOOK_UP((PFN_getProc)loader, NULL, vkEnumerateInstanceLayerProperties);
  uint32_t count = 0;
  *version = 0;
  VkResult result = enumerate ? enumerate(&count, NULL) : VK_SUCCESS;
  if (result != VK_SUCCESS || count == 0) return result;
  VkLayerProperties *layers = calloc(count, sizeof *layers);
  if (!layers) return VK_ERROR_OUT_OF_HOST_MEMORY;
  result = enumerate(&count, layers);
  for (uint32_t i = 0; result >= VK_SUCCESS && i < count && !*version; i++) {
    if (strcmp(layers[i].layerName, validation_layer) == 0) *version = layers[i].specVersion;
  }
  free(layers);
  return result < VK_SUCCESS ? result : VK_SUCCESS;
}

static int has_extension(const VkExtensionProperties *extensions, uint32_t count, const char *name) {
  for (uint32_t i = 0; i < count; i++) {
    if (strcmp(extensions[i].extensionName, name) == 0) return 1;
  }
  return 0;
}

typedef struct InstanceExtensions {
  int portability_enumeration, debug_utils;
} InstanceExtensions;

// A loader that cannot read some manifest lists no extensions and makes no instance, but says why to a messenger, extension or not.
static InstanceExtensions find_instance_extensions(PFN_getProc loader) {
  PFN_vkEnumerateInstanceExtensionProperties enumerate =
      LOOK_UP(loader, NULL, vkEnumerateInstanceExtensionProperties);
  InstanceExtensions found = {0};
  uint32_t count = 0;
  if (!enumerate) return found;
  if (enumerate(NULL, &count, NULL) != VK_SUCCESS) return (InstanceExtensions){.debug_utils = 1};
  VkExtensionProperties *extensions = calloc(count ? count : 1, sizeof *extensions);
  if (extensions && enumerate(NULL, &count, extensions) >= VK_SUCCESS) {
    found.portability_enumeration = has_extension(extensions, count, "VK_KHR_portability_enumeration");
    found.debug_utils = has_extension(extensions, count, "VK_EXT_debug_utils");
  }
  free(extensions);
  return found;
}

// ---- The instance ----

static VkBool32 VKAPI_PTR on_message(uint32_t severity, VkFlags types, const VkDebugUtilsMessengerCallbackDataEXT *data,
                                     void *user) {
  (void)types;
  goMessage((uintptr_t)user, severity, (char *)data->pMessageIdName, (char *)data->pMessage);
  return 0; // 1 would make the call that caused the message fail
}

// on_loader_message passes on what the loader says of itself; layers and drivers in the chain may have other things to say.
static VkBool32 VKAPI_PTR on_loader_message(uint32_t severity, VkFlags types,
                                            const VkDebugUtilsMessengerCallbackDataEXT *data, void *user) {
  (void)types;
  if (data->pMessageIdName && strcmp(data->pMessageIdName, "Loader Message") == 0) {
    goLoaderMessage((uintptr_t)user, severity, (char *)data->pMessage);
  }
  return 0;
}

static int load_instance(ShimInstance *in) {
  int complete = 1;
#define LOAD(name)                                                                                                     \
  in->name = LOOK_UP(in->loader, in->handle, name);                                                                    \
  complete = complete && in->name;
  INSTANCE_CALLS(LOAD)
#undef LOAD
  return complete;
}

static void start_messages(ShimInstance *in, const VkDebugUtilsMessengerCreateInfoEXT *info) {
  PFN_vkCreateDebugUtilsMessengerEXT create = LOOK_UP(in->loader, in->handle, vkCreateDebugUtilsMessengerEXT);
  PFN_vkDestroyDebugUtilsMessengerEXT destroy = LOOK_UP(in->loader, in->handle, vkDestroyDebugUtilsMessengerEXT);
  if (create && destroy && create(in->handle, info, NULL, &in->messenger) == VK_SUCCESS) {
    in->vkDestroyDebugUtilsMessengerEXT = destroy;
  }
}

VkResult shim_create_instance(void *loader, int validation, uintptr_t user, ShimInstance **out) {
  const uint32_t synchronization = VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT;
  const VkValidationFeaturesEXT features = {.sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
                                            .enabledValidationFeatureCount = 1,
                                            .pEnabledValidationFeatures = &synchronization};
  // In the chain for what happens while the instance is made and destroyed, and once more as an object for the time between.
  const VkDebugUtilsMessengerCreateInfoEXT messenger = {
      .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
      .pNext = &features,
      .messageSeverity =
          VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
      .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
      .pfnUserCallback = on_message,
      .pUserData = (void *)user};
  // The loader's own words, from information on: that is how it says which manifest it reads.
  VkDebugUtilsMessengerCreateInfoEXT words = {
      .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
      .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_INFO_BIT_EXT |
                         VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                         VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
      .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT,
      .pfnUserCallback = on_loader_message,
      .pUserData = (void *)user};
  const VkApplicationInfo application = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                         .pApplicationName = "cnnvk",
                                         .apiVersion = api_version_1_3};
  const char *layers[] = {validation_layer};
  const char *extensions[3];
  VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                               .pApplicationInfo = &application,
                               .ppEnabledLayerNames = layers,
                               .ppEnabledExtensionNames = extensions};
  const InstanceExtensions have = find_instance_extensions((PFN_getProc)loader);
  if (have.portability_enumeration) {
    extensions[info.enabledExtensionCount++] = "VK_KHR_portability_enumeration";
    info.flags = VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR;
  }
  if (have.debug_utils) {
    extensions[info.enabledExtensionCount++] = "VK_EXT_debug_utils";
    info.pNext = &words;
  }
  if (validation) {
    words.pNext = &messenger;
    info.pNext = &words;
    info.enabledLayerCount = COUNT(layers);
    if (!have.debug_utils) extensions[info.enabledExtensionCount++] = "VK_EXT_debug_utils";
    extensions[info.enabledExtensionCount++] = "VK_EXT_validation_features";
  }

  PFN_vkCreateInstance create = LOOK_UP((PFN_getProc)loader, NULL, vkCreateInstance);
  if (!create) return VK_ERROR_INITIALIZATION_FAILED;
  ShimInstance *in = calloc(1, sizeof *in);
  if (!in) return VK_ERROR_OUT_OF_HOST_MEMORY;
  in->loader = (PFN_getProc)loader;
  VkResult result = create(&info, NULL, &in->handle);
  if (result != VK_SUCCESS) {
    free(in);
    return result;
  }
  if (!load_instance(in)) {
    if (in->vkDestroyInstance) in->vkDestroyInstance(in->handle, NULL);
    free(in);
    return VK_ERROR_INITIALIZATION_FAILED;
  }
  if (validation) {
    VkDebugUtilsMessengerCreateInfoEXT alone = messenger;
    alone.pNext = NULL;
    start_messages(in, &alone);
  }
  *out = in;
  return VK_SUCCESS;
}

uint64_t shim_instance_handle(const ShimInstance *in) { return (uint64_t)(uintptr_t)in->handle; }

void shim_destroy_instance(ShimInstance *in) {
  if (in->vkDestroyDebugUtilsMessengerEXT) in->vkDestroyDebugUtilsMessengerEXT(in->handle, in->messenger, NULL);
  in->vkDestroyInstance(in->handle, NULL);
  free(in);
}

// ---- Physical devices ----

typedef struct Extensions {
  int float16, driver_properties, memory_budget, portability_subset, calibrated_timestamps, pipeline_executables,
      subgroup_size_control, cooperative_matrix, vulkan_memory_model;
} Extensions;

static VkResult find_extensions(const ShimInstance *in, VkPhysicalDevice physical, Extensions *out) {
  uint32_t count = 0;
  VkResult result = in->vkEnumerateDeviceExtensionProperties(physical, NULL, &count, NULL);
  if (result != VK_SUCCESS || count == 0) return result;
  VkExtensionProperties *all = calloc(count, sizeof *all);
  if (!all) return VK_ERROR_OUT_OF_HOST_MEMORY;
  result = in->vkEnumerateDeviceExtensionProperties(physical, NULL, &count, all);
  if (result >= VK_SUCCESS) {
    out->float16 = has_extension(all, count, "VK_KHR_shader_float16_int8");
    out->driver_properties = has_extension(all, count, "VK_KHR_driver_properties");
    out->memory_budget = has_extension(all, count, "VK_EXT_memory_budget");
    out->portability_subset = has_extension(all, count, "VK_KHR_portability_subset");
    out->calibrated_timestamps = has_extension(all, count, "VK_EXT_calibrated_timestamps");
    out->pipeline_executables = has_extension(all, count, "VK_KHR_pipeline_executable_properties");
    out->subgroup_size_control = has_extension(all, count, "VK_EXT_subgroup_size_control");
    out->cooperative_matrix = has_extension(all, count, "VK_KHR_cooperative_matrix");
    out->vulkan_memory_model = has_extension(all, count, "VK_KHR_vulkan_memory_model");
    result = VK_SUCCESS;
  }
  free(all);
  return result;
}

static void find_families(const ShimInstance *in, VkPhysicalDevice physical, ShimDeviceInfo *out) {
  VkQueueFamilyProperties families[SHIM_MAX_FAMILIES];
  out->family_count = COUNT(families);
  in->vkGetPhysicalDeviceQueueFamilyProperties(physical, &out->family_count, families);
  for (uint32_t i = 0; i < out->family_count; i++) {
    out->families[i] =
        (ShimQueueFamily){families[i].queueFlags, families[i].queueCount, families[i].timestampValidBits};
  }
}

static uint32_t api_version(const ShimInstance *in, VkPhysicalDevice physical) {
  VkPhysicalDeviceProperties2 properties = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2};
  in->vkGetPhysicalDeviceProperties2(physical, &properties);
  uint32_t version = 0; // the first field
  memcpy(&version, properties.properties, sizeof version);
  return version;
}

// find_subgroups fills out what there is beyond Vulkan 1.1: an extension, which is part of Vulkan 1.3.
static void find_subgroups(const ShimInstance *in, VkPhysicalDevice physical, const Extensions *have,
                           ShimDeviceInfo *out) {
  if (!have->subgroup_size_control && api_version(in, physical) < api_version_1_3) return;
  VkPhysicalDeviceSubgroupSizeControlProperties sizes = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES};
  VkPhysicalDeviceProperties2 properties = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &sizes};
  in->vkGetPhysicalDeviceProperties2(physical, &properties);
  VkPhysicalDeviceSubgroupSizeControlFeatures control = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES};
  VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &control};
  in->vkGetPhysicalDeviceFeatures2(physical, &features);
  out->subgroup_min = sizes.minSubgroupSize;
  out->subgroup_max = sizes.maxSubgroupSize;
  out->subgroup_control = control.subgroupSizeControl && control.computeFullSubgroups &&
                          (sizes.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT);
  out->subgroup_extension = have->subgroup_size_control;
}

static void find_properties(const ShimInstance *in, VkPhysicalDevice physical, const Extensions *have,
                            ShimDeviceInfo *out) {
  VkPhysicalDeviceDriverProperties driver = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES};
  VkPhysicalDeviceMaintenance3Properties allocation = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES,
      .pNext = have->driver_properties ? &driver : NULL};
  VkPhysicalDeviceSubgroupProperties subgroup = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES,
                                                 .pNext = &allocation};
  VkPhysicalDeviceIDProperties identity = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES, .pNext = &subgroup};
  VkPhysicalDeviceProperties2 properties = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                            .pNext = &identity};
  in->vkGetPhysicalDeviceProperties2(physical, &properties);
  out->subgroup_size = subgroup.subgroupSize;
  if (subgroup.supportedStages & VK_SHADER_STAGE_COMPUTE_BIT) out->subgroup_operations = subgroup.supportedOperations;
  out->max_allocation = allocation.maxMemoryAllocationSize;
  out->driver_id = driver.driverID;
  memcpy(out->driver_name, driver.driverName, sizeof out->driver_name);
  memcpy(out->driver_info, driver.driverInfo, sizeof out->driver_info);
  memcpy(out->uuid, identity.deviceUUID, sizeof out->uuid);
}

// reads_device_clock says whether the host can read the clock of timestamps: the extension alone does not promise it.
static int reads_device_clock(const ShimInstance *in, VkPhysicalDevice physical, const Extensions *have) {
  PFN_vkGetPhysicalDeviceCalibrateableTimeDomainsEXT domains_of =
      LOOK_UP(in->loader, in->handle, vkGetPhysicalDeviceCalibrateableTimeDomainsEXT);
  if (!have->calibrated_timestamps || !domains_of) return 0;
  uint32_t domains[16], count = COUNT(domains);
  if (domains_of(physical, &count, domains) < VK_SUCCESS) return 0;
  for (uint32_t i = 0; i < count; i++) {
    if (domains[i] == VK_TIME_DOMAIN_DEVICE_EXT) return 1;
  }
  return 0;
}

static void find_features(const ShimInstance *in, VkPhysicalDevice physical, const Extensions *have,
                          ShimDeviceInfo *out) {
  VkPhysicalDeviceShaderFloat16Int8Features float16 = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES};
  VkPhysicalDevice16BitStorageFeatures storage16 = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES, .pNext = have->float16 ? &float16 : NULL};
  VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR executables = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR, .pNext = &storage16};
  VkPhysicalDeviceFeatures2 features = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
      .pNext = have->pipeline_executables ? (void *)&executables : (void *)&storage16};
  in->vkGetPhysicalDeviceFeatures2(physical, &features);
  out->shader_float16 = float16.shaderFloat16;
  out->storage_16bit = storage16.storageBuffer16BitAccess;
  out->memory_budget = have->memory_budget;
  out->pipeline_statistics = executables.pipelineExecutableInfo;
  out->portability_subset = have->portability_subset;
  out->calibrated_timestamps = reads_device_clock(in, physical, have);
}

// find_matrices fills out what cooperative matrices there are in compute shaders. Their shaders are written in Vulkan's memory model, which is an
// extension, too, and part of Vulkan 1.2. It needs device scope: where the model is enabled without, no shader may have that, and atomic
// operations do, in whatever model.
static void find_matrices(const ShimInstance *in, VkPhysicalDevice physical, const Extensions *have,
                          ShimDeviceInfo *out) {
  if (!have->cooperative_matrix) return;
  if (!have->vulkan_memory_model && api_version(in, physical) < api_version_1_2) return;
  PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR matrices_of =
      LOOK_UP(in->loader, in->handle, vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR);
  if (!matrices_of) return;
  VkPhysicalDeviceVulkanMemoryModelFeatures model = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_MEMORY_MODEL_FEATURES};
  VkPhysicalDeviceCooperativeMatrixFeaturesKHR matrix = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR, .pNext = &model};
  VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &matrix};
  in->vkGetPhysicalDeviceFeatures2(physical, &features);
  VkPhysicalDeviceCooperativeMatrixPropertiesKHR stages = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_PROPERTIES_KHR};
  VkPhysicalDeviceProperties2 properties = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &stages};
  in->vkGetPhysicalDeviceProperties2(physical, &properties);
  if (!matrix.cooperativeMatrix || !model.vulkanMemoryModel || !model.vulkanMemoryModelDeviceScope ||
      !(stages.cooperativeMatrixSupportedStages & VK_SHADER_STAGE_COMPUTE_BIT)) {
    return;
  }
  VkCooperativeMatrixPropertiesKHR all[SHIM_MAX_MATRICES];
  for (uint32_t i = 0; i < COUNT(all); i++) {
    all[i] = (VkCooperativeMatrixPropertiesKHR){.sType = VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR};
  }
  uint32_t count = COUNT(all);
  if (matrices_of(physical, &count, all) < VK_SUCCESS || count == 0) return;
  for (uint32_t i = 0; i < count; i++) {
    const VkCooperativeMatrixPropertiesKHR *x = &all[i];
    out->matrices[i] = (ShimMatrices){x->MSize, x->NSize,      x->KSize,                  x->AType, x->BType,
                                      x->CType, x->ResultType, x->saturatingAccumulation, x->scope};
  }
  out->matrices_count = count;
  out->cooperative_matrix = 1;
  out->memory_model_extension = have->vulkan_memory_model;
}

VkResult shim_device_info(const ShimInstance *in, uint64_t physical, int ask_for_matrices, ShimDeviceInfo *out) {
  Extensions have = {0};
  memset(out, 0, sizeof *out);
  VkResult result = find_extensions(in, POINTER(physical), &have);
  if (result != VK_SUCCESS) return result;
  find_families(in, POINTER(physical), out);
  find_properties(in, POINTER(physical), &have, out);
  find_subgroups(in, POINTER(physical), &have, out);
  find_features(in, POINTER(physical), &have, out);
  out->matrices_not_asked = have.cooperative_matrix && !ask_for_matrices;
  if (ask_for_matrices) find_matrices(in, POINTER(physical), &have, out);
  return VK_SUCCESS;
}

void shim_memory_budget(const ShimInstance *in, uint64_t physical, ShimMemoryBudget *out) {
  VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
  VkPhysicalDeviceMemoryProperties2 properties = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2,
                                                  .pNext = &budget};
  in->vkGetPhysicalDeviceMemoryProperties2(POINTER(physical), &properties);
  memcpy(out->budget, budget.heapBudget, sizeof out->budget);
  memcpy(out->usage, budget.heapUsage, sizeof out->usage);
}

// ---- The device ----

static int load_device(const ShimInstance *in, const ShimDeviceInfo *info, ShimDevice *d) {
  PFN_getProc get = (PFN_getProc)in->loader(in->handle, "vkGetDeviceProcAddr");
  if (!get) return 0;
  int complete = 1;
#define LOAD(name)                                                                                                     \
  d->name = LOOK_UP(get, d->handle, name);                                                                             \
  complete = complete && d->name;
  DEVICE_CALLS(LOAD)
#undef LOAD
  // An instance extension's function: vkGetDeviceProcAddr may not know it.
  if (in->vkDestroyDebugUtilsMessengerEXT) {
    d->vkSetDebugUtilsObjectNameEXT = LOOK_UP(in->loader, in->handle, vkSetDebugUtilsObjectNameEXT);
  }
#define LOAD_OF(feature, name)                                                                                         \
  if (info->feature) d->name = LOOK_UP(get, d->handle, name);                                                          \
  complete = complete && (!info->feature || d->name);
  LOAD_OF(calibrated_timestamps, vkGetCalibratedTimestampsEXT)
  LOAD_OF(pipeline_statistics, vkGetPipelineExecutablePropertiesKHR)
  LOAD_OF(pipeline_statistics, vkGetPipelineExecutableStatisticsKHR)
#undef LOAD_OF
  return complete;
}

VkResult shim_create_device(const ShimInstance *in, uint64_t physical, const ShimDeviceInfo *info, ShimDevice **out) {
  const char *extensions[8];
  uint32_t extension_count = 0;
  if (info->shader_float16) extensions[extension_count++] = "VK_KHR_shader_float16_int8";
  if (info->memory_budget) extensions[extension_count++] = "VK_EXT_memory_budget";
  if (info->portability_subset) extensions[extension_count++] = "VK_KHR_portability_subset";
  if (info->calibrated_timestamps) extensions[extension_count++] = "VK_EXT_calibrated_timestamps";
  if (info->pipeline_statistics) extensions[extension_count++] = "VK_KHR_pipeline_executable_properties";
  if (info->subgroup_control && info->subgroup_extension) extensions[extension_count++] = "VK_EXT_subgroup_size_control";
  if (info->cooperative_matrix) extensions[extension_count++] = "VK_KHR_cooperative_matrix";
  if (info->cooperative_matrix && info->memory_model_extension) extensions[extension_count++] = "VK_KHR_vulkan_memory_model";

  VkPhysicalDeviceShaderFloat16Int8Features float16 = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES, .shaderFloat16 = 1};
  VkPhysicalDevice16BitStorageFeatures storage16 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES,
                                                    .pNext = info->shader_float16 ? &float16 : NULL,
                                                    .storageBuffer16BitAccess = info->storage_16bit};
  VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR executables = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR,
      .pNext = &storage16,
      .pipelineExecutableInfo = 1};
  VkPhysicalDeviceSubgroupSizeControlFeatures subgroups = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES,
      .pNext = info->pipeline_statistics ? (void *)&executables : (void *)&storage16,
      .subgroupSizeControl = 1,
      .computeFullSubgroups = 1};
  VkPhysicalDeviceVulkanMemoryModelFeatures model = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_MEMORY_MODEL_FEATURES,
      .pNext = info->subgroup_control ? (void *)&subgroups : subgroups.pNext,
      .vulkanMemoryModel = 1,
      .vulkanMemoryModelDeviceScope = 1};
  VkPhysicalDeviceCooperativeMatrixFeaturesKHR matrix = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR, .pNext = &model, .cooperativeMatrix = 1};
  const VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
                                              .pNext = info->cooperative_matrix ? (void *)&matrix : model.pNext};
  const float priority = 1;
  const VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                         .queueFamilyIndex = info->queue_family,
                                         .queueCount = 1,
                                         .pQueuePriorities = &priority};
  const VkDeviceCreateInfo create = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                     .pNext = &features,
                                     .queueCreateInfoCount = 1,
                                     .pQueueCreateInfos = &queue,
                                     .enabledExtensionCount = extension_count,
                                     .ppEnabledExtensionNames = extensions};
  ShimDevice *d = calloc(1, sizeof *d);
  if (!d) return VK_ERROR_OUT_OF_HOST_MEMORY;
  VkResult result = in->vkCreateDevice(POINTER(physical), &create, NULL, &d->handle);
  // A device without its functions is an unusable driver; there is then no vkDestroyDevice to be trusted either.
  if (result == VK_SUCCESS && !load_device(in, info, d)) result = VK_ERROR_INITIALIZATION_FAILED;
  if (result != VK_SUCCESS) {
    free(d);
    return result;
  }
  *out = d;
  return VK_SUCCESS;
}

uint64_t shim_device_handle(const ShimDevice *d) { return (uint64_t)(uintptr_t)d->handle; }

void shim_free_device(ShimDevice *d) { free(d); }
