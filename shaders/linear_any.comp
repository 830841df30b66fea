#version 450
#extension GL_GOOGLE_include_directive : require
// linear on any shape, one output an invocation; the included file says more.
#define BIAS
#include "pointwise_conv2d_any.glsl"
