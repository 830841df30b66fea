#version 450
#extension GL_GOOGLE_include_directive : require
// pointwise_conv2d in shared memory; the included file says more.
#include "pointwise_conv2d_shared.glsl"
