package cpu

import (
	"runtime"
	"sync"
)

// parallel calls work(i) for every i below n, on as many goroutines as there are processors. A call
// must write nothing that another one reads or writes: each sum is then made by one call, in that
// call's own order, and the result does not depend on the number of goroutines.
func parallel(n int, work func(i int)) {
	workers := min(n, runtime.GOMAXPROCS(0))
	var wait sync.WaitGroup
	for k := range workers {
		wait.Go(func() {
			for i := n * k / workers; i < n*(k+1)/workers; i++ {
				work(i)
			}
		})
	}
	wait.Wait()
}
