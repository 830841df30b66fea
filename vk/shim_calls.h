// What the shim's own files share: the types of Vulkan's functions, and the tables of those that an instance and a device have.
#ifndef CNNVK_SHIM_CALLS_H
#define CNNVK_SHIM_CALLS_H

#include "shim.h"

typedef void(VKAPI_PTR *PFN_void)(void);
typedef PFN_void(VKAPI_PTR *PFN_getProc)(void *, const char *);

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define POINTER(handle) ((void *)(uintptr_t)(handle))

// The functions that the shim looks up.
typedef VkResult(VKAPI_PTR *PFN_vkEnumerateInstanceVersion)(uint32_t *);
typedef VkResult(VKAPI_PTR *PFN_vkEnumerateInstanceLayerProperties)(uint32_t *, VkLayerProperties *);
typedef VkResult(VKAPI_PTR *PFN_vkEnumerateInstanceExtensionProperties)(const char *, uint32_t *,
                                                                        VkExtensionProperties *);
typedef VkResult(VKAPI_PTR *PFN_vkCreateInstance)(const VkInstanceCreateInfo *, const void *, VkInstance *);
typedef void(VKAPI_PTR *PFN_vkDestroyInstance)(VkInstance, const void *);
typedef VkResult(VKAPI_PTR *PFN_vkCreateDebugUtilsMessengerEXT)(VkInstance, const VkDebugUtilsMessengerCreateInfoEXT *,
                                                                const void *, VkDebugUtilsMessengerEXT *);
typedef void(VKAPI_PTR *PFN_vkDestroyDebugUtilsMessengerEXT)(VkInstance, VkDebugUtilsMessengerEXT, const void *);
typedef void(VKAPI_PTR *PFN_vkGetPhysicalDeviceQueueFamilyProperties)(VkPhysicalDevice, uint32_t *,
                                                                      VkQueueFamilyProperties *);
typedef VkResult(VKAPI_PTR *PFN_vkEnumerateDeviceExtensionProperties)(VkPhysicalDevice, const char *, uint32_t *,
                                                                      VkExtensionProperties *);
typedef void(VKAPI_PTR *PFN_vkGetPhysicalDeviceProperties2)(VkPhysicalDevice, VkPhysicalDeviceProperties2 *);
typedef void(VKAPI_PTR *PFN_vkGetPhysicalDeviceFeatures2)(VkPhysicalDevice, VkPhysicalDeviceFeatures2 *);
typedef void(VKAPI_PTR *PFN_vkGetPhysicalDeviceMemoryProperties2)(VkPhysicalDevice,
                                                                  VkPhysicalDeviceMemoryProperties2 *);
typedef VkResult(VKAPI_PTR *PFN_vkGetPhysicalDeviceCalibrateableTimeDomainsEXT)(VkPhysicalDevice, uint32_t *,
                                                                                 uint32_t *domains);
typedef VkResult(VKAPI_PTR *PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR)(VkPhysicalDevice, uint32_t *,
                                                                                   VkCooperativeMatrixPropertiesKHR *);
typedef VkResult(VKAPI_PTR *PFN_vkCreateDevice)(VkPhysicalDevice, const VkDeviceCreateInfo *, const void *, VkDevice *);

typedef VkResult(VKAPI_PTR *PFN_vkCreateDescriptorSetLayout)(VkDevice, const VkDescriptorSetLayoutCreateInfo *,
                                                             const void *, VkDescriptorSetLayout *);
typedef VkResult(VKAPI_PTR *PFN_vkCreatePipelineLayout)(VkDevice, const VkPipelineLayoutCreateInfo *, const void *,
                                                        VkPipelineLayout *);
typedef VkResult(VKAPI_PTR *PFN_vkCreateComputePipelines)(VkDevice, VkPipelineCache, uint32_t,
                                                          const VkComputePipelineCreateInfo *, const void *,
                                                          VkPipeline *);
typedef VkResult(VKAPI_PTR *PFN_vkCreatePipelineCache)(VkDevice, const VkPipelineCacheCreateInfo *, const void *,
                                                       VkPipelineCache *);
typedef VkResult(VKAPI_PTR *PFN_vkGetPipelineCacheData)(VkDevice, VkPipelineCache, size_t *, void *);
typedef VkResult(VKAPI_PTR *PFN_vkCreateDescriptorPool)(VkDevice, const VkDescriptorPoolCreateInfo *, const void *,
                                                        VkDescriptorPool *);
typedef VkResult(VKAPI_PTR *PFN_vkAllocateDescriptorSets)(VkDevice, const VkDescriptorSetAllocateInfo *,
                                                          VkDescriptorSet *);
typedef void(VKAPI_PTR *PFN_vkUpdateDescriptorSets)(VkDevice, uint32_t, const VkWriteDescriptorSet *, uint32_t,
                                                    const void *copies);
typedef void(VKAPI_PTR *PFN_vkCmdPipelineBarrier)(VkCommandBuffer, VkFlags src, VkFlags dst, VkFlags, uint32_t,
                                                  const VkMemoryBarrier *, uint32_t, const void *buffer_barriers,
                                                  uint32_t, const void *image_barriers);
typedef void(VKAPI_PTR *PFN_vkCmdCopyBuffer)(VkCommandBuffer, VkBuffer src, VkBuffer dst, uint32_t,
                                             const VkBufferCopy *);
typedef VkResult(VKAPI_PTR *PFN_vkQueueSubmit)(VkQueue, uint32_t, const VkSubmitInfo *, VkFence);
typedef VkResult(VKAPI_PTR *PFN_vkGetCalibratedTimestampsEXT)(VkDevice, uint32_t, const VkCalibratedTimestampInfoEXT *,
                                                              uint64_t *timestamps, uint64_t *max_deviation);
typedef VkResult(VKAPI_PTR *PFN_vkFlushMappedMemoryRanges)(VkDevice, uint32_t, const VkMappedMemoryRange *);
typedef VkResult(VKAPI_PTR *PFN_vkInvalidateMappedMemoryRanges)(VkDevice, uint32_t, const VkMappedMemoryRange *);
typedef VkResult(VKAPI_PTR *PFN_vkGetPipelineExecutablePropertiesKHR)(VkDevice, const VkPipelineInfoKHR *, uint32_t *,
                                                                      VkPipelineExecutablePropertiesKHR *);
typedef VkResult(VKAPI_PTR *PFN_vkGetPipelineExecutableStatisticsKHR)(VkDevice, const VkPipelineExecutableInfoKHR *,
                                                                      uint32_t *, VkPipelineExecutableStatisticKHR *);
typedef VkResult(VKAPI_PTR *PFN_vkSetDebugUtilsObjectNameEXT)(VkDevice, const VkDebugUtilsObjectNameInfoEXT *);

// The functions of an instance and of a device, which are all there or the object is not made.
#define INSTANCE_CALLS(CALL)                                                                                           \
  CALL(vkDestroyInstance)                                                                                              \
  CALL(vkGetPhysicalDeviceQueueFamilyProperties)                                                                       \
  CALL(vkEnumerateDeviceExtensionProperties)                                                                           \
  CALL(vkGetPhysicalDeviceProperties2)                                                                                 \
  CALL(vkGetPhysicalDeviceFeatures2)                                                                                   \
  CALL(vkGetPhysicalDeviceMemoryProperties2)                                                                           \
  CALL(vkCreateDevice)

#define DEVICE_CALLS(CALL)                                                                                             \
  CALL(vkCreateDescriptorSetLayout)                                                                                    \
  CALL(vkCreatePipelineLayout)                                                                                         \
  CALL(vkCreateComputePipelines)                                                                                       \
  CALL(vkCreatePipelineCache)                                                                                          \
  CALL(vkGetPipelineCacheData)                                                                                         \
  CALL(vkCreateDescriptorPool)                                                                                         \
  CALL(vkAllocateDescriptorSets)                                                                                       \
  CALL(vkUpdateDescriptorSets)                                                                                         \
  CALL(vkCmdPipelineBarrier)                                                                                           \
  CALL(vkCmdCopyBuffer)                                                                                                \
  CALL(vkQueueSubmit)                                                                                                  \
  CALL(vkFlushMappedMemoryRanges)                                                                                      \
  CALL(vkInvalidateMappedMemoryRanges)

#define DECLARE(name) PFN_##name name;

struct ShimInstance {
  VkInstance handle;
  PFN_getProc loader;
  VkDebugUtilsMessengerEXT messenger;
  PFN_vkDestroyDebugUtilsMessengerEXT vkDestroyDebugUtilsMessengerEXT; // NULL without validation
  INSTANCE_CALLS(DECLARE)
};

struct ShimDevice {
  VkDevice handle;
  PFN_vkSetDebugUtilsObjectNameEXT vkSetDebugUtilsObjectNameEXT; // NULL without validation
  PFN_vkGetCalibratedTimestampsEXT vkGetCalibratedTimestampsEXT; // NULL without VK_EXT_calibrated_timestamps
  // NULL without VK_KHR_pipeline_executable_properties
  PFN_vkGetPipelineExecutablePropertiesKHR vkGetPipelineExecutablePropertiesKHR;
  PFN_vkGetPipelineExecutableStatisticsKHR vkGetPipelineExecutableStatisticsKHR;
  DEVICE_CALLS(DECLARE)
};

#define LOOK_UP(get, object, name) (PFN_##name)(get)((object), #name)

#endif
