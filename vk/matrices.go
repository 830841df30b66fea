package vk

/*
#include "shim.h"
*/
import "C"

import "fmt"

// Matrices are a kind of product, result = a b + c, that shaders can ask a device for: a is M x K, b is K x N, c and the result are M x N.
type Matrices struct {
	M, N, K         uint32
	A, B, C, Result Component
	Saturating      bool // sums of integers end at the largest number
	Scope           Scope
}

// String is "16x16x16 float16, float16 to float32, subgroup": sizes as M x N x K, then what a, b and the result consist of, and c if it differs from that.
func (m Matrices) String() string {
	text := fmt.Sprintf("%dx%dx%d %v, %v to %v", m.M, m.N, m.K, m.A, m.B, m.Result)
	if m.C != m.Result {
		text += fmt.Sprintf(" from %v", m.C)
	}
	if m.Saturating {
		text += ", saturating"
	}
	return text + ", " + m.Scope.String()
}

// Component is the type of a matrix's elements: a VkComponentTypeKHR.
type Component uint32

// The values are Vulkan's.
const (
	Float16  Component = 0
	Float32  Component = 1
	BFloat16 Component = 1000141000
)

var componentNames = map[Component]string{
	Float16: "float16", Float32: "float32", 2: "float64", 3: "int8", 4: "int16", 5: "int32", 6: "int64", 7: "uint8", 8: "uint16", 9: "uint32",
	10: "uint64", BFloat16: "bfloat16", 1000491000: "int8 packed", 1000491001: "uint8 packed", 1000491002: "float8 e4m3", 1000491003: "float8 e5m2",
}

func (c Component) String() string {
	if name := componentNames[c]; name != "" {
		return name
	}
	return fmt.Sprintf("Component(%d)", uint32(c))
}

// Scope is which invocations hold a matrix together: a VkScopeKHR.
type Scope uint32

// SubgroupScope is that of a subgroup's. The value is Vulkan's.
const SubgroupScope Scope = C.VK_SCOPE_SUBGROUP_KHR

var scopeNames = map[Scope]string{1: "device", 2: "workgroup", SubgroupScope: "subgroup", 5: "queue family"}

func (s Scope) String() string {
	if name := scopeNames[s]; name != "" {
		return name
	}
	return fmt.Sprintf("Scope(%d)", uint32(s))
}

// matrices are what a device offers, in its order, but for those that its driver cannot multiply.
func matrices(found *C.ShimDeviceInfo) []Matrices {
	var all []Matrices
	for _, m := range found.matrices[:found.matrices_count] {
		one := Matrices{
			M: uint32(m.m), N: uint32(m.n), K: uint32(m.k),
			A: Component(m.a), B: Component(m.b), C: Component(m.c), Result: Component(m.result),
			Saturating: m.saturating != 0, Scope: Scope(m.scope),
		}
		if one.workOn(uint32(found.driver_id), uint32(found.subgroup_size)) {
			all = append(all, one)
		}
	}
	return all
}

// workOn reports whether a driver multiplies such matrices in subgroups of so many lanes. Lavapipe (of Mesa 26.1 at least) offers 8x8x8 with vectors
// of every width, but its compiler takes each matrix for a square of as many rows as a subgroup has lanes: of 512 bits, which are 16 lanes, it reads
// rows that there are not, and crashes; of 128 bits it would multiply a quarter.
func (m Matrices) workOn(driver, lanes uint32) bool {
	return driver != DriverLavapipe || m.M == lanes && m.N == lanes && m.K == lanes
}
