/**
 * Our reading mode: OHIF's basic mode with our key map, opened on the studies of the address only.
 *
 * Own extensions are not listed in `extensions`: OHIF would import them as bare specifiers. They
 * come from the configuration.
 */
import { keys } from '/viewer/plugins/keys.js';
import { opensInTheMiddle } from '/viewer/plugins/protocols.js';

const id = 'archipel.mode';

export default {
  id,
  modeFactory: async ({ loadModules, modeConfiguration }) => {
    const [basic] = await loadModules(['@ohif/mode-basic']);
    const mode = await basic.modeFactory({ loadModules, modeConfiguration });
    return {
      ...mode,
      id,
      routeName: 'archipel',
      displayName: 'Archipel',
      hide: false,
      onModeEnter: (context) => {
        mode.onModeEnter?.(context);
        const { customizationService, hangingProtocolService } = context.servicesManager.services;
        // replacing the default is OHIF's own way: every other layout returns to it
        hangingProtocolService.protocols.set(
          'default',
          opensInTheMiddle(hangingProtocolService.getProtocolById('default')),
        );
        customizationService.setCustomizations({ 'ohif.hotkeyBindings': { $set: keys } });
        window.archipel?.entered(context);
      },
    };
  },
};
