#include "shim_calls.h"

// ---- Objects ----

void shim_set_name(const ShimDevice *d, uint32_t object_type, uint64_t handle, const char *name) {
  if (!d->vkSetDebugUtilsObjectNameEXT) return;
  const VkDebugUtilsObjectNameInfoEXT info = {.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT,
                                              .objectType = object_type,
                                              .objectHandle = handle,
                                              .pObjectName = name};
  d->vkSetDebugUtilsObjectNameEXT(d->handle, &info);
}

static uint32_t descriptor_type(ShimBindings n, uint32_t binding) {
  if (binding < n.storage) return VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
  if (binding < n.storage + n.uniform) return VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER;
  return VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER;
}

VkResult shim_create_set_layout(const ShimDevice *d, ShimBindings n, uint64_t *set_layout) {
  VkDescriptorSetLayoutBinding bindings[3 * SHIM_MAX_BINDINGS];
  const uint32_t count = n.storage + n.uniform + n.texel;
  for (uint32_t i = 0; i < count; i++) {
    bindings[i] = (VkDescriptorSetLayoutBinding){.binding = i,
                                                 .descriptorType = descriptor_type(n, i),
                                                 .descriptorCount = 1,
                                                 .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT};
  }
  const VkDescriptorSetLayoutCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
                                                .bindingCount = count,
                                                .pBindings = bindings};
  return d->vkCreateDescriptorSetLayout(d->handle, &info, NULL, set_layout);
}

VkResult shim_create_pipeline_layout(const ShimDevice *d, uint64_t set_layout, uint32_t push_bytes, uint64_t *layout) {
  const VkPushConstantRange push = {.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT, .size = push_bytes};
  const VkPipelineLayoutCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                           .setLayoutCount = 1,
                                           .pSetLayouts = &set_layout,
                                           .pushConstantRangeCount = push_bytes > 0,
                                           .pPushConstantRanges = &push};
  return d->vkCreatePipelineLayout(d->handle, &info, NULL, layout);
}

VkResult shim_create_pipeline(const ShimDevice *d, ShimPipeline p, const uint32_t *constants, uint64_t *pipeline) {
  VkSpecializationMapEntry entries[SHIM_MAX_CONSTANTS];
  for (uint32_t i = 0; i < p.constant_count; i++) {
    entries[i] = (VkSpecializationMapEntry){.constantID = i, .offset = 4 * i, .size = 4};
  }
  const VkSpecializationInfo specialization = {.mapEntryCount = p.constant_count,
                                               .pMapEntries = entries,
                                               .dataSize = 4 * (size_t)p.constant_count,
                                               .pData = constants};
  VkPipelineShaderStageRequiredSubgroupSizeCreateInfo subgroup = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO,
      .requiredSubgroupSize = p.subgroup_size};
  const VkComputePipelineCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
      .flags = p.statistics ? VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR : 0,
      .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                .pNext = p.subgroup_size ? &subgroup : NULL,
                .flags = p.subgroup_size ? VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT : 0,
                .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                .module = p.module,
                .pName = "main",
                .pSpecializationInfo = p.constant_count > 0 ? &specialization : NULL},
      .layout = p.layout};
  return d->vkCreateComputePipelines(d->handle, p.cache, 1, &info, NULL, pipeline);
}

VkResult shim_create_pipeline_cache(const ShimDevice *d, const void *data, size_t size, uint64_t *cache) {
  const VkPipelineCacheCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO,
                                          .initialDataSize = size,
                                          .pInitialData = data};
  return d->vkCreatePipelineCache(d->handle, &info, NULL, cache);
}

VkResult shim_pipeline_cache_data(const ShimDevice *d, uint64_t cache, size_t *size, void *data) {
  return d->vkGetPipelineCacheData(d->handle, cache, size, data);
}

VkResult shim_create_descriptor_pool(const ShimDevice *d, uint32_t sets, ShimBindings n, uint64_t *pool) {
  const VkDescriptorPoolSize sizes[] = {{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, n.storage},
                                        {VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, n.uniform},
                                        {VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER, n.texel}};
  const VkDescriptorPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                           .maxSets = sets,
                                           .poolSizeCount = COUNT(sizes),
                                           .pPoolSizes = sizes};
  return d->vkCreateDescriptorPool(d->handle, &info, NULL, pool);
}

VkResult shim_allocate_set(const ShimDevice *d, uint64_t pool, uint64_t set_layout, uint64_t *set) {
  const VkDescriptorSetAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                            .descriptorPool = pool,
                                            .descriptorSetCount = 1,
                                            .pSetLayouts = &set_layout};
  return d->vkAllocateDescriptorSets(d->handle, &info, set);
}

void shim_write_set(const ShimDevice *d, uint64_t set, ShimBindings n, const VkDescriptorBufferInfo *buffers,
                    const uint64_t *views) {
  // One write for each kind: descriptors past the first go to the bindings that follow, which are of the same kind.
  VkWriteDescriptorSet writes[3];
  uint32_t count = 0, binding = 0;
  const uint32_t of_kind[] = {n.storage, n.uniform, n.texel};
  for (uint32_t i = 0; i < COUNT(of_kind); i++) {
    if (of_kind[i] == 0) continue;
    writes[count++] = (VkWriteDescriptorSet){.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                             .dstSet = set,
                                             .dstBinding = binding,
                                             .descriptorCount = of_kind[i],
                                             .descriptorType = descriptor_type(n, binding),
                                             .pBufferInfo = i < 2 ? buffers + binding : NULL,
                                             .pTexelBufferView = i < 2 ? NULL : views};
    binding += of_kind[i];
  }
  d->vkUpdateDescriptorSets(d->handle, count, writes, 0, NULL);
}

// ---- Commands, submission and mapped memory ----

void shim_cmd_barrier(const ShimDevice *d, uint64_t commands, int to_host) {
  const VkFlags work = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
  const VkMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                   .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
                                   .dstAccessMask = VK_ACCESS_UNIFORM_READ_BIT | VK_ACCESS_SHADER_READ_BIT |
                                                    VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_READ_BIT |
                                                    VK_ACCESS_TRANSFER_WRITE_BIT |
                                                    (to_host ? VK_ACCESS_HOST_READ_BIT : 0)};
  d->vkCmdPipelineBarrier(POINTER(commands), work, work | (to_host ? VK_PIPELINE_STAGE_HOST_BIT : 0), 0, 1, &barrier, 0,
                          NULL, 0, NULL);
}

void shim_cmd_copy(const ShimDevice *d, uint64_t commands, uint64_t src, uint64_t dst, VkBufferCopy region) {
  d->vkCmdCopyBuffer(POINTER(commands), src, dst, 1, &region);
}

VkResult shim_submit(const ShimDevice *d, uint64_t queue, const uint64_t *commands, uint32_t count, uint64_t fence) {
  const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                             .commandBufferCount = count,
                             .pCommandBuffers = (const VkCommandBuffer *)commands};
  return d->vkQueueSubmit(POINTER(queue), 1, &info, fence);
}

VkResult shim_device_ticks(const ShimDevice *d, uint64_t *ticks) {
  const VkCalibratedTimestampInfoEXT info = {.sType = VK_STRUCTURE_TYPE_CALIBRATED_TIMESTAMP_INFO_EXT,
                                             .timeDomain = VK_TIME_DOMAIN_DEVICE_EXT};
  uint64_t deviation = 0; // of the one clock from itself
  return d->vkGetCalibratedTimestampsEXT(d->handle, 1, &info, ticks, &deviation);
}

VkResult shim_flush(const ShimDevice *d, uint64_t memory, uint64_t offset, uint64_t size) {
  const VkMappedMemoryRange range = {
      .sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE, .memory = memory, .offset = offset, .size = size};
  return d->vkFlushMappedMemoryRanges(d->handle, 1, &range);
}

VkResult shim_invalidate(const ShimDevice *d, uint64_t memory, uint64_t offset, uint64_t size) {
  const VkMappedMemoryRange range = {
      .sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE, .memory = memory, .offset = offset, .size = size};
  return d->vkInvalidateMappedMemoryRanges(d->handle, 1, &range);
}
