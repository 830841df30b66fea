// Package leaktest helps tests that look whether anything is left over: of what the process holds of the system's ([Measure]), and
// of what Vulkan's driver was asked for ([CountVulkan]). It is apart from vktest because tests inside vk use it too.
package leaktest
