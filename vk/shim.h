// The Vulkan calls that the Go binding cannot make safely or does not know (see doc.go). Results are VkResult values.
//
// Handles arrive from Go as 64-bit numbers. All structs are built on the C stack and no C memory outlives a call, except the
// two tables of function pointers, which live as long as their instance or device.
#ifndef CNNVK_SHIM_H
#define CNNVK_SHIM_H

#include "abi.h"

// The most specialization constants and bindings of a kind that a pipeline can have, and queue families that are looked at.
enum { SHIM_MAX_CONSTANTS = 64, SHIM_MAX_BINDINGS = 32, SHIM_MAX_FAMILIES = 32 };

// The most executables of a pipeline, and statistics of an executable, that are told of.
enum { SHIM_MAX_EXECUTABLES = 8, SHIM_MAX_STATISTICS = 64 };

// The most kinds of cooperative matrices that are told of.
enum { SHIM_MAX_MATRICES = 128 };

typedef struct ShimInstance ShimInstance;
typedef struct ShimDevice ShimDevice;

// Before there is an instance; loader is vkGetInstanceProcAddr.

VkResult shim_instance_version(void *loader, uint32_t *version);

// shim_validation_version is the version of Vulkan that the validation layer knows, 0 where there is no layer.
VkResult shim_validation_version(void *loader, uint32_t *version);

// shim_create_instance makes an instance of API 1.3, of which devices may have 1.1 alone. What the loader says while it makes and
// destroys it goes to goLoaderMessage(user, ...), where the loader can. With validation set it enables the Khronos layer with synchronization
// validation and sends warnings and errors to goMessage(user, ...).
VkResult shim_create_instance(void *loader, int validation, uintptr_t user, ShimInstance **out);
uint64_t shim_instance_handle(const ShimInstance *in);
void shim_destroy_instance(ShimInstance *in);

// Physical devices.

typedef struct ShimQueueFamily {
  uint32_t flags, queues, timestamp_bits;
} ShimQueueFamily;

typedef struct ShimMatrices {
  uint32_t m, n, k;
  uint32_t a, b, c, result; // VkComponentTypeKHR
  uint32_t saturating, scope;
} ShimMatrices;

typedef struct ShimDeviceInfo {
  uint32_t family_count;
  ShimQueueFamily families[SHIM_MAX_FAMILIES];
  uint32_t queue_family; // which of them is used: the caller's choice, as is timestamp_bits
  uint32_t timestamp_bits;
  uint32_t subgroup_size, subgroup_operations; // the operations are 0 where compute shaders have none
  uint32_t subgroup_min, subgroup_max;         // 0 where the device does not say
  uint32_t subgroup_control;                   // compute pipelines can require a size, and full subgroups
  uint32_t subgroup_extension;                 // subgroup control is an extension here, to be enabled
  uint32_t driver_id;                          // a VkDriverId; 0 where the driver does not say
  uint64_t max_allocation;
  uint32_t shader_float16, storage_16bit, memory_budget, portability_subset, calibrated_timestamps;
  uint32_t pipeline_statistics;
  uint32_t cooperative_matrix;     // in compute shaders, and the memory model that they are written in
  uint32_t memory_model_extension; // that is an extension here, to be enabled
  uint32_t matrices_not_asked;     // there may be some
  uint32_t matrices_count;
  ShimMatrices matrices[SHIM_MAX_MATRICES];
  char driver_name[256], driver_info[256]; // empty where the driver does not say
  uint8_t uuid[16];
} ShimDeviceInfo;

// shim_device_info asks for cooperative matrices only if that is said: to an older validation layer the question is an error.
VkResult shim_device_info(const ShimInstance *in, uint64_t physical, int ask_for_matrices, ShimDeviceInfo *out);

// What the driver says about each heap's memory. The device must have VK_EXT_memory_budget.
typedef struct ShimMemoryBudget {
  uint64_t budget[16], usage[16]; // bytes
} ShimMemoryBudget;

void shim_memory_budget(const ShimInstance *in, uint64_t physical, ShimMemoryBudget *out);

// shim_create_device opens a device with one queue of info's family and everything that info found enabled.
VkResult shim_create_device(const ShimInstance *in, uint64_t physical, const ShimDeviceInfo *info, ShimDevice **out);
uint64_t shim_device_handle(const ShimDevice *d);
void shim_free_device(ShimDevice *d); // frees the table; vkDestroyDevice is the caller's

// Objects. A name is kept by the validation layer, if that is on, and ignored otherwise.

void shim_set_name(const ShimDevice *d, uint32_t object_type, uint64_t handle, const char *name);


// Bindings: storage buffers first, then the uniform buffers, then the uniform texel buffers.
typedef struct ShimBindings {
  uint32_t storage, uniform, texel;
} ShimBindings;

VkResult shim_create_set_layout(const ShimDevice *d, ShimBindings n, uint64_t *set_layout);
VkResult shim_create_pipeline_layout(const ShimDevice *d, uint64_t set_layout, uint32_t push_bytes, uint64_t *layout);

typedef struct ShimPipeline {
  uint64_t cache; // may be 0
  uint64_t module, layout;
  uint32_t subgroup_size; // required, and full; 0 for any. The device must have subgroup_control
  uint32_t constant_count;
  uint32_t statistics; // the driver keeps them; the device must have pipeline_statistics
} ShimPipeline;

VkResult shim_create_pipeline(const ShimDevice *d, ShimPipeline p, const uint32_t *constants, uint64_t *pipeline);

// What the driver says of a pipeline made with statistics: it may consist of several executables.
typedef struct ShimExecutable {
  char name[256];
  uint32_t subgroup_size; // 0 where it does not say
  uint32_t count;         // of statistics
  struct {
    char name[256];
    double value;
  } statistics[SHIM_MAX_STATISTICS];
} ShimExecutable;

// shim_executables fills out, of which there is room for *count, and says how many there are.
VkResult shim_executables(const ShimDevice *d, uint64_t pipeline, uint32_t *count, ShimExecutable *out);

VkResult shim_create_pipeline_cache(const ShimDevice *d, const void *data, size_t size, uint64_t *cache);

// shim_pipeline_cache_data fills data, of which there is room for *size bytes, or with data NULL says how many there are.
VkResult shim_pipeline_cache_data(const ShimDevice *d, uint64_t cache, size_t *size, void *data);

VkResult shim_create_descriptor_pool(const ShimDevice *d, uint32_t sets, ShimBindings n, uint64_t *pool);
VkResult shim_allocate_set(const ShimDevice *d, uint64_t pool, uint64_t set_layout, uint64_t *set);

// buffers holds the storage buffers' windows and then the uniform buffers'.
void shim_write_set(const ShimDevice *d, uint64_t set, ShimBindings n, const VkDescriptorBufferInfo *buffers,
                    const uint64_t *views);

// Commands, submission and mapped memory.

// A barrier between everything that compute shaders and transfers did and do; to_host adds reading by the host.
void shim_cmd_barrier(const ShimDevice *d, uint64_t commands, int to_host);
void shim_cmd_copy(const ShimDevice *d, uint64_t commands, uint64_t src, uint64_t dst, VkBufferCopy region);
VkResult shim_submit(const ShimDevice *d, uint64_t queue, const uint64_t *commands, uint32_t count, uint64_t fence);
// shim_device_ticks reads the clock of timestamps. The device must have VK_EXT_calibrated_timestamps.
VkResult shim_device_ticks(const ShimDevice *d, uint64_t *ticks);

VkResult shim_flush(const ShimDevice *d, uint64_t memory, uint64_t offset, uint64_t size);
VkResult shim_invalidate(const ShimDevice *d, uint64_t memory, uint64_t offset, uint64_t size);

#endif
