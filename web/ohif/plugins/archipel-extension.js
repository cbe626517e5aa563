/**
 * The bridge between OHIF and the shell around it: measurements up, commands down.
 *
 * Messages go between frames of one origin. Up: `archipel:ready`, `archipel:measurement`
 * (insert it into the report), `archipel:measurement-changed`, `archipel:measurement-removed`,
 * `archipel:key`. Down: `archipel:jump` (to a measurement),
 * `archipel:command` (of the list below, nothing else).
 */
const id = 'archipel.extension';
const SHELL_KEYS = new Set(['F6', 'Escape']);
const COMMANDS_FROM_SHELL = new Set([
  'toggleHangingProtocol', 'setWindowLevel', 'nextImage', 'previousImage', 'resetViewport',
  'archipelCompare', 'storeMeasurements',
]);

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

const commands = ({ servicesManager, commandsManager }) => ({
  archipelInsertMeasurement: () => {
    const all = servicesManager.services.measurementService.getMeasurements();
    const last = all[all.length - 1];
    if (last) up({ type: 'archipel:measurement', measurement: plain(last) });
  },
  archipelCompare: () =>
    commandsManager.runCommand('toggleHangingProtocol', { protocolId: '@ohif/hpCompare' }),
});

const listen = ({ servicesManager, commandsManager }) => {
  window.addEventListener('message', (event) => {
    if (event.origin !== window.location.origin) return;
    const { type, command, args, uid } = event.data ?? {};
    if (type === 'archipel:command' && COMMANDS_FROM_SHELL.has(command)) {
      commandsManager.runCommand(command, args ?? {});
    }
    if (type === 'archipel:jump' && uid) {
      const { measurementService, viewportGridService } = servicesManager.services;
      measurementService.jumpToMeasurement(viewportGridService.getActiveViewportId(), uid);
    }
  });
  // the images cancel the press of the mouse, so a click would leave the keyboard with the shell
  window.addEventListener('pointerdown', () => window.focus(), true);
  window.addEventListener('keydown', (event) => {
    const commit = event.ctrlKey && (event.key === 'Enter' || event.key === 'p');
    if (!SHELL_KEYS.has(event.key) && !commit) return;
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
        const { MEASUREMENT_UPDATED, MEASUREMENT_REMOVED } = measurementService.EVENTS;
        measurementService.subscribe(MEASUREMENT_UPDATED, ({ measurement }) =>
          up({ type: 'archipel:measurement-changed', measurement: plain(measurement) }),
        );
        measurementService.subscribe(MEASUREMENT_REMOVED, ({ measurement }) =>
          up({ type: 'archipel:measurement-removed', uid: measurement?.uid ?? measurement }),
        );
        up({ type: 'archipel:ready' });
      },
    };
  },
  getCommandsModule: (context) => ({ definitions: commands(context), defaultContext: 'DEFAULT' }),
};
