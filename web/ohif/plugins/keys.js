/**
 * Our key map, set whole at mode entry: OHIF's defaults collide with ours (z, r, v, h, space).
 * Keys that belong to the shell (F6, Ctrl+Enter, Escape, V and H for priors) are passed up by the extension.
 */
const tool = (toolName, label, keys) => ({
  commandName: 'setToolActiveToolbar',
  commandOptions: { itemId: toolName, toolName, toolGroupIds: ['default', 'mpr', 'SRToolGroup', 'volume3d'] },
  label,
  keys: [keys],
});
const command = (commandName, label, keys, commandOptions = {}) => ({
  commandName,
  commandOptions,
  label,
  keys: [keys],
});
/** In Hounsfield units: of CT only. */
const preset = (label, key, windowWidth, windowCenter) =>
  command('archipelWindow', label, key, { windowWidth, windowCenter });

export const keys = [
  tool('WindowLevel', 'Fenêtrage', 'w'),
  tool('Pan', 'Déplacer', 'p'),
  tool('Zoom', 'Zoom', 'z'),
  tool('StackScroll', 'Défiler', 's'),
  tool('Length', 'Distance', 'd'),
  tool('Bidirectional', 'Deux axes', 'b'),
  tool('Angle', 'Angle', 'a'),
  tool('EllipticalROI', 'Ellipse', 'o'),
  tool('Crosshairs', 'Croix', 'x'),
  command('toggleHangingProtocol', 'MPR', 'm', { protocolId: 'primaryAxial' }),
  command('toggleHangingProtocol', 'Volume', 'u', { protocolId: 'mprAnd3DVolumeViewport' }),
  command('toggleCine', 'Ciné', 'c'),
  command('archipelKeyImage', 'Image clé', 'k'),
  command('archipelInsertMeasurement', 'Mesure dans le compte rendu', 'shift+d'),
  command('resetViewport', 'Réinitialiser', '0'),
  command('invertViewport', 'Inverser', 'i'),
  command('flipViewportHorizontal', 'Miroir horizontal', 'shift+h'),
  command('flipViewportVertical', 'Miroir vertical', 'shift+v'),
  command('rotateViewportCW', 'Tourner à droite', 'shift+r'),
  command('rotateViewportCCW', 'Tourner à gauche', 'shift+l'),
  command('nextStage', 'Disposition suivante', 'space'),
  command('incrementActiveViewport', 'Vue suivante', 'right'),
  command('decrementActiveViewport', 'Vue précédente', 'left'),
  command('nextImage', 'Image suivante', 'down'),
  command('previousImage', 'Image précédente', 'up'),
  command('firstImage', 'Première image', 'home'),
  command('lastImage', 'Dernière image', 'end'),
  command('updateViewportDisplaySet', 'Série suivante', 'pagedown', { direction: 1 }),
  command('updateViewportDisplaySet', 'Série précédente', 'pageup', { direction: -1 }),
  command('deleteActiveAnnotation', 'Supprimer la mesure', 'backspace'),
  preset('Poumon', '1', 1500, -600),
  preset('Médiastin', '2', 400, 40),
  preset('Os', '3', 2500, 480),
  preset('Cerveau', '4', 80, 40),
  preset('Foie', '5', 150, 90),
];
