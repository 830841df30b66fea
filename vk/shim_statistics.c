#include "shim_calls.h"

#include <string.h>

static double number(const VkPipelineExecutableStatisticKHR *s) {
  switch (s->format) {
  case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_BOOL32_KHR: return s->value.b32 != 0;
  case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_INT64_KHR: return (double)s->value.i64;
  case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_UINT64_KHR: return (double)s->value.u64;
  }
  return s->value.f64;
}

static VkResult statistics_of(const ShimDevice *d, uint64_t pipeline, uint32_t index, ShimExecutable *out) {
  VkPipelineExecutableStatisticKHR all[SHIM_MAX_STATISTICS];
  memset(all, 0, sizeof all);
  for (uint32_t i = 0; i < COUNT(all); i++) all[i].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR;
  const VkPipelineExecutableInfoKHR info = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, .pipeline = pipeline, .executableIndex = index};
  out->count = COUNT(all);
  VkResult result = d->vkGetPipelineExecutableStatisticsKHR(d->handle, &info, &out->count, all);
  if (result < VK_SUCCESS) return result; // VK_INCOMPLETE is none
  for (uint32_t i = 0; i < out->count; i++) {
    memcpy(out->statistics[i].name, all[i].name, sizeof all[i].name);
    out->statistics[i].value = number(&all[i]);
  }
  return VK_SUCCESS;
}

VkResult shim_executables(const ShimDevice *d, uint64_t pipeline, uint32_t *count, ShimExecutable *out) {
  VkPipelineExecutablePropertiesKHR all[SHIM_MAX_EXECUTABLES];
  memset(all, 0, sizeof all);
  for (uint32_t i = 0; i < COUNT(all); i++) all[i].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_PROPERTIES_KHR;
  const VkPipelineInfoKHR info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR, .pipeline = pipeline};
  *count = *count < COUNT(all) ? *count : COUNT(all);
  VkResult result = d->vkGetPipelineExecutablePropertiesKHR(d->handle, &info, count, all);
  if (result < VK_SUCCESS) return result;
  for (uint32_t i = 0; i < *count; i++) {
    memcpy(out[i].name, all[i].name, sizeof out[i].name);
    out[i].subgroup_size = all[i].subgroupSize;
    result = statistics_of(d, pipeline, i, &out[i]);
    if (result != VK_SUCCESS) return result;
  }
  return VK_SUCCESS;
}
