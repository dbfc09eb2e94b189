// The buzzer: square waves, as a cue's row has them. Silent until a person asks for it.

const LOUD = 0.04; // of full scale: a square wave is loud enough

export class Buzzer {
  constructor() {
    this.context = null;
  }

  /** Browsers let sound out only after a person did something: call it from a click. */
  mute(muted) {
    if (muted) {
      this.context?.close();
      this.context = null;
    } else {
      this.context = new AudioContext();
    }
  }

  /** Play tones of [Hz, ms] one after the other; 0 Hz is a rest. */
  play(tones) {
    if (!this.context) return;
    let at = this.context.currentTime;
    for (const [hz, ms] of tones) {
      if (hz) {
        const wave = new OscillatorNode(this.context, { type: "square", frequency: hz });
        wave.connect(new GainNode(this.context, { gain: LOUD })).connect(this.context.destination);
        wave.start(at);
        wave.stop(at + ms / 1000);
      }
      at += ms / 1000;
    }
  }
}
