package main

import (
	"context"
	"time"
)

// reserve is the share that is added to an epoch's measured time: in a long training the machine runs warmer and is sometimes shared.
const reserve = 0.02

// fitEpochs sets the number of epochs that end within the recipe's time, unless it is set. The training depends on that number alone, which
// config.yaml keeps.
func (j *job) fitEpochs(ctx context.Context) error {
	if j.recipe.Epochs > 0 {
		return nil
	}
	epoch, err := j.trainer.EpochTime(ctx)
	if err != nil {
		return err
	}
	spent := time.Since(j.began)
	j.recipe.Epochs = epochsWithin(j.recipe.MaxTime-spent, epoch)
	j.trainer.Recipe.Epochs = j.recipe.Epochs
	j.say("time: an epoch takes %s, %s of %v are spent: epochs %d\n", inSeconds(epoch), inSeconds(spent), j.recipe.MaxTime, j.recipe.Epochs)
	if spent+epoch > j.recipe.MaxTime {
		j.log.Warn("not even one epoch ends within --max-time", "epoch", inSeconds(epoch))
	}
	return nil
}

// epochsWithin is the number of epochs that end within a time, at least one.
func epochsWithin(left, epoch time.Duration) int {
	each := (1 + reserve) * max(epoch, time.Microsecond).Seconds()
	return max(int(left.Seconds()/each), 1)
}

// inSeconds is a time with the digits that mean something.
func inSeconds(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}
