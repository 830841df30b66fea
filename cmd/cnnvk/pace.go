package main

import (
	"fmt"
	"strings"
	"time"

	"cnnvk/net/training"
)

// pace knows how fast a training goes, and writes its lines of progress.
type pace struct {
	recipe    training.Recipe
	validates bool
	steps     int               // of a whole epoch
	from      training.Position // where this process began
	spent     time.Duration     // all epochs so far, validation included
	done      int               // their steps
}

// add counts an epoch.
func (p *pace) add(e training.EpochEnded) {
	p.spent += e.Elapsed + e.ValTime
	p.done += e.Step
}

// firstLine is the line of the first steps.
func (p *pace) firstLine(now training.Progress, began time.Time) string {
	steps := now.Step
	if now.Epoch == p.from.Epoch+1 {
		steps -= p.from.Step
	}
	what := "first step"
	if steps > 1 {
		what = fmt.Sprintf("first %d steps", steps)
	}
	return fmt.Sprintf("%s done %.1f s after start", what, time.Since(began).Seconds())
}

// stepLine is a line in the middle of an epoch.
func (p *pace) stepLine(now training.Progress) string {
	return fit(0, part{text: p.epochOf(now)}, part{text: fmt.Sprintf("step %d/%d", now.Step, now.Steps)},
		part{text: lossText(now)}, part{text: accuracyText(now)}, part{text: rateText(now)}, part{text: "ETA " + p.left(now).String()})
}

// epochLine is the line of an epoch that has been added.
func (p *pace) epochLine(e training.EpochEnded, width int) string {
	loss, accuracy, best, eta := "", "", "", ""
	if e.Validation.Total > 0 {
		loss = fmt.Sprintf("val loss %.4f", e.Validation.Loss())
		accuracy = fmt.Sprintf("val acc %.2f %%", 100*e.Validation.Accuracy())
		if e.Best {
			best = "best"
		}
	}
	if !e.Last {
		eta = "ETA " + p.left(training.Progress{Epoch: e.Epoch + 1, Steps: e.Steps}).String()
	}
	return fit(width,
		part{0, p.epochOf(e.Progress)},
		part{3, lossText(e.Progress)},
		part{4, accuracyText(e.Progress)},
		part{6, loss},
		part{1, accuracy},
		part{8, fmt.Sprintf("lr %.2g", e.Rate)},
		part{7, rateText(e.Progress)},
		part{6, skippedText(e.Progress)},
		part{5, fmt.Sprintf("%.0f s", (e.Elapsed + e.ValTime).Seconds())},
		part{2, best},
		part{9, eta})
}

// left is the time that remains, at the pace of the steps so far.
func (p *pace) left(now training.Progress) time.Duration {
	done := p.done + now.Step
	total := p.steps * p.recipe.Epochs
	if p.recipe.LimitSteps > 0 {
		total = min(total, p.recipe.LimitSteps)
	}
	total -= p.from.Total - p.from.Step
	if done == 0 {
		return 0
	}
	per := (p.spent + now.Elapsed).Seconds() / float64(done)
	return (time.Duration(per*float64(max(total-done, 0))) * time.Second).Round(time.Second)
}

func (p *pace) epochOf(now training.Progress) string {
	return fmt.Sprintf("epoch %d/%d", now.Epoch, p.recipe.Epochs)
}

func lossText(now training.Progress) string     { return fmt.Sprintf("loss %.4f", now.Loss) }
func accuracyText(now training.Progress) string { return fmt.Sprintf("acc %.2f %%", 100*now.Accuracy) }

// skippedText tells of steps whose gradients have overflowed.
func skippedText(now training.Progress) string {
	if now.Skipped == 0 {
		return ""
	}
	return fmt.Sprintf("%d skipped, loss scale %g", now.Skipped, now.Scale)
}

func rateText(now training.Progress) string {
	return fmt.Sprintf("%.0f images/s", now.ImagesPerSecond())
}

// part is a piece of a line. Of a line that is too long the parts of the highest rank go first.
type part struct {
	rank int
	text string
}

// fit joins the parts that fit into width columns, all of them for width 0. Empty parts are left out.
func fit(width int, parts ...part) string {
	for highest := 9; ; highest-- {
		var texts []string
		for _, p := range parts {
			if p.text != "" && p.rank <= highest {
				texts = append(texts, p.text)
			}
		}
		line := strings.Join(texts, "  ")
		if width == 0 || len(line) <= width || highest == 0 {
			return line
		}
	}
}
