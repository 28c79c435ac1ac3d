// Reads QR codes with the camera or from a picture, where the browser can.

/** The part of BarcodeDetector that is used here; not every browser has it. */
interface Detector {
  detect(source: CanvasImageSource | ImageBitmap): Promise<{ rawValue: string }[]>;
}

const BETWEEN_MS = 180;

/** A detector, or null where the browser has none. */
export function makeDetector(): Detector | null {
  const make = (window as unknown as { BarcodeDetector?: new (options: unknown) => Detector }).BarcodeDetector;
  try {
    return make ? new make({ formats: ["qr_code"] }) : null;
  } catch {
    return null;
  }
}

/** Watches the camera and tells of every code it sees, until the result is called. Throws when the camera is not given. */
export async function watchCamera(video: HTMLVideoElement, detector: Detector, seen: (code: string) => void): Promise<() => void> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  video.srcObject = stream;
  await video.play();
  let stopped = false;
  const look = async () => {
    if (stopped) return;
    const codes = await detector.detect(video).catch(() => []);
    if (!stopped && codes[0]) seen(codes[0].rawValue);
    setTimeout(look, BETWEEN_MS);
  };
  void look();
  return () => {
    stopped = true;
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
}

/** The code in a picture; empty when there is none. */
export async function codeInPicture(detector: Detector, file: File): Promise<string> {
  const picture = await createImageBitmap(file);
  const codes = await detector.detect(picture).catch(() => []);
  return codes[0]?.rawValue ?? "";
}

let audio: AudioContext | null = null;

/** A short high tone for good, two low ones for bad, and a buzz. */
export function signal(good: boolean): void {
  navigator.vibrate?.(good ? 80 : [200, 100, 200]);
  audio ??= new AudioContext();
  void audio.resume();
  const tones = good ? [[880, 0]] : [[220, 0], [180, 0.22]];
  for (const [pitch, after] of tones) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = pitch;
    tone.type = good ? "sine" : "square";
    volume.gain.value = 0.2;
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + after);
    tone.stop(audio.currentTime + after + 0.16);
  }
}
