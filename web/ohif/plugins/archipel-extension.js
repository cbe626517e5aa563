/**
 * The bridge between OHIF and the shell around it: measurements up, commands down.
 *
 * Messages go between frames of one origin. Up: `archipel:ready`, `archipel:measurement`
 * (insert it into the report), `archipel:measurement-changed`, `archipel:measurement-removed`,
 * `archipel:key-image` (mark the image in view), `archipel:no-key-image`, `archipel:key`. Down:
 * `archipel:jump` (to a measurement), `archipel:show` (an image), `archipel:compare` (with a prior,
 * or with none), `archipel:mark` (tell the image in view).
 */
import { compare, imageInView, modalityInView, show, showKeyImage } from '/viewer/plugins/images.js';

const id = 'archipel.extension';
const SHELL_KEYS = new Set(['F6', 'Escape', 'v', 'h']); // single letters: the priors are the shell's

const up = (message) => {
  if (window.parent !== window) window.parent.postMessage(message, window.location.origin);
};

const plain = (measurement) => ({
  uid: measurement.uid,
  tool: measurement.toolName,
  label: measurement.label ?? '',
  text: (measurement.displayText?.primary ?? []).join(' '),
  study: measurement.referenceStudyUID,
  series: measurement.referenceSeriesUID,
  instance: measurement.SOPInstanceUID,
  frame: measurement.frameNumber ?? 1,
});

const mark = (context) => {
  const image = imageInView(context);
  up(image ? { type: 'archipel:key-image', image } : { type: 'archipel:no-key-image' });
};

const commands = (context) => ({
  archipelInsertMeasurement: () => {
    const all = context.servicesManager.services.measurementService.getMeasurements();
    const last = all[all.length - 1];
    if (last) up({ type: 'archipel:measurement', measurement: plain(last) });
  },
  archipelKeyImage: () => mark(context),
  archipelWindow: (window) => {
    if (modalityInView(context) === 'CT') context.commandsManager.runCommand('setWindowLevel', window);
  },
});

/** The exam that the address names first. */
const exam = () => {
  const query = new URLSearchParams(window.location.search);
  return (query.get('StudyInstanceUIDs') ?? '').split(',')[0];
};

const jump = async (context, { uid, image }) => {
  const { measurementService, viewportGridService } = context.servicesManager.services;
  if (measurementService.getMeasurement(uid)) {
    measurementService.jumpToMeasurement(viewportGridService.getActiveViewportId(), uid);
  } else if (image) {
    await show(context, image);
  }
};

const isTyping = (target) => target instanceof Element && target.matches('input, textarea, select');

const listen = (context) => {
  const answers = {
    'archipel:jump': (message) => jump(context, message),
    'archipel:show': ({ image }) => showKeyImage(context, image),
    'archipel:compare': ({ prior }) => compare(context, prior, exam()),
    'archipel:mark': () => mark(context),
  };
  window.addEventListener('message', async (event) => {
    if (event.origin !== window.location.origin || event.source !== window.parent) return;
    try {
      await answers[event.data?.type]?.(event.data);
    } catch (error) {
      console.error('viewer:', event.data.type, error);
    }
  });
  // the images cancel the press of the mouse, so a click would leave the keyboard with the shell
  window.addEventListener('pointerdown', () => window.focus(), true);
  window.addEventListener('keydown', (event) => {
    const commit = event.ctrlKey && (event.key === 'Enter' || event.key === 'p');
    const isOurs = SHELL_KEYS.has(event.key) && !event.ctrlKey && !event.altKey && !event.metaKey;
    if (!commit && (!isOurs || (event.key.length === 1 && isTyping(event.target)))) return;
    event.preventDefault();
    up({ type: 'archipel:key', key: event.key, ctrl: event.ctrlKey });
  });
};

/**
 * A write with the session's cookie needs the session's token. OHIF hands its DICOMweb client no
 * header but Authorization, so the token is put on the requests themselves: ours that write.
 */
const guard = async () => {
  const answer = await fetch('/api/session', { headers: { Accept: 'application/json' } });
  if (!answer.ok) return;
  const token = (await answer.json()).csrf_token;
  const { open } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function openGuarded(method, url, ...others) {
    open.call(this, method, url, ...others);
    const isOurs = new URL(url, window.location.href).origin === window.location.origin;
    if (isOurs && method.toUpperCase() === 'POST') this.setRequestHeader('X-CSRF-Token', token);
  };
};

export default {
  id,
  preRegistration: async (context) => {
    listen(context);
    await guard();
    window.archipel = {
      entered: ({ servicesManager }) => {
        const { measurementService } = servicesManager.services;
        const { MEASUREMENT_UPDATED, MEASUREMENT_REMOVED, MEASUREMENTS_CLEARED } =
          measurementService.EVENTS;
        const removed = (uid) => up({ type: 'archipel:measurement-removed', uid });
        measurementService.subscribe(MEASUREMENT_UPDATED, ({ measurement }) =>
          up({ type: 'archipel:measurement-changed', measurement: plain(measurement) }),
        );
        measurementService.subscribe(MEASUREMENT_REMOVED, ({ measurement }) =>
          removed(measurement?.uid ?? measurement),
        );
        measurementService.subscribe(MEASUREMENTS_CLEARED, ({ measurements }) =>
          measurements.forEach(({ uid }) => removed(uid)),
        );
        up({ type: 'archipel:ready' });
      },
    };
  },
  getCommandsModule: (context) => ({ definitions: commands(context), defaultContext: 'DEFAULT' }),
};
