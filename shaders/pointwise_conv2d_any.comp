#version 450
#extension GL_GOOGLE_include_directive : require
// pointwise_conv2d on any shape, one output an invocation; the included file says more.
#include "pointwise_conv2d_any.glsl"
