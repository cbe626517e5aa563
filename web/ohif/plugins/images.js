/** Studies, series and images of the viewer, for the commands of the shell. */
import { beside } from '/viewer/plugins/protocols.js';

const WAIT_MS = 20_000;
const SCALED = new Set(['PT']); // shown scaled (SUV): the window is not in the image's own unit

const displaySetsOf = ({ displaySetService }, study) =>
  displaySetService.getActiveDisplaySets().filter((set) => set.StudyInstanceUID === study);

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** Wait until `found` finds something; throws after a while. */
async function awaited(found, what) {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const it = found();
    if (it) return it;
    if (Date.now() > end) throw new Error(what);
    await pause(50);
  }
}

/** Fetch a study that the address did not name; resolves when its series can be shown. */
async function fetched({ servicesManager, extensionManager }, study) {
  const { services } = servicesManager;
  if (displaySetsOf(services, study).length > 0) return;
  const [source] = extensionManager.getActiveDataSource();
  await source.retrieve.series.metadata({ StudyInstanceUID: study });
  await awaited(() => displaySetsOf(services, study).length > 0, 'the study has no series to show');
}

function shownIn({ displaySetService, viewportGridService }, viewportId) {
  const [uid] = viewportGridService.getDisplaySetsUIDsForViewport(viewportId) ?? [];
  return uid && displaySetService.getDisplaySetByUID(uid);
}

/** Put the prior beside the exam; null takes it away. The measurements stay: nothing is loaded anew. */
export async function compare(context, prior, exam) {
  const { services } = context.servicesManager;
  const { hangingProtocolService, displaySetService, viewportGridService } = services;
  const run = (studies, id) =>
    hangingProtocolService.run(
      { studies, displaySets: displaySetService.getActiveDisplaySets(), activeStudy: studies[0] },
      id,
    );
  await awaited(() => hangingProtocolService.protocol, 'the exam did not open');
  const [first] = hangingProtocolService.studies;
  if (prior === null) {
    run([first], 'default');
    return;
  }
  await fetched(context, prior.study);
  document.documentElement.style.setProperty('--archipel-prior', JSON.stringify(prior.words));
  const active = shownIn(services, viewportGridService.getActiveViewportId());
  const shown =
    active?.StudyInstanceUID === exam
      ? active
      : displaySetsOf(services, exam).find((set) => set.numImageFrames > 0);
  if (!shown) return;
  const id = `archipel.beside.${shown.displaySetInstanceUID}.${prior.study}`;
  if (!hangingProtocolService.protocols.has(id)) {
    hangingProtocolService.addProtocol(id, beside(id, shown, prior.study));
  }
  const [{ instances = [] }] = displaySetsOf(services, prior.study);
  const second = { StudyInstanceUID: prior.study, StudyDate: instances[0]?.StudyDate };
  run([first, second], id);
}

/** The modality of what the active view shows; windows in Hounsfield units mean nothing elsewhere. */
export const modalityInView = ({ servicesManager }) => {
  const { services } = servicesManager;
  return shownIn(services, services.viewportGridService.getActiveViewportId())?.Modality;
};

/** The stored image in the active view, with its window; null where the view is reformatted. */
export function imageInView({ servicesManager }) {
  const { cornerstoneViewportService, viewportGridService } = servicesManager.services;
  const viewport = cornerstoneViewportService.getCornerstoneViewport(
    viewportGridService.getActiveViewportId(),
  );
  const imageId = viewport?.type === 'stack' ? viewport.getCurrentImageId() : undefined;
  const instance = imageId && window.cornerstone.metaData.get('instance', imageId);
  if (!instance) return null;
  const { voiRange } = viewport.getProperties();
  const isGrey = Number(instance.SamplesPerPixel ?? 1) === 1 && !SCALED.has(instance.Modality);
  const voi =
    voiRange && isGrey
      ? window.cornerstone.utilities.windowLevel.toWindowLevel(voiRange.lower, voiRange.upper)
      : {};
  return {
    study: instance.StudyInstanceUID,
    series: instance.SeriesInstanceUID,
    instance: instance.SOPInstanceUID,
    frame: Number(/\/frames\/(\d+)/.exec(imageId)?.[1] ?? 1),
    center: voi.windowCenter,
    width: voi.windowWidth,
  };
}

const isOf = (image) => (imageId) =>
  imageId.includes(`/${image.sop_instance_uid}/`) && imageId.includes(`/frames/${image.frame ?? 1}`);

/** Show one stored image, in the view that holds its series or in the active one. */
export async function show(context, image) {
  const { services } = context.servicesManager;
  const { cornerstoneViewportService, viewportGridService } = services;
  await fetched(context, image.study_instance_uid);
  const set = displaySetsOf(services, image.study_instance_uid).find((each) =>
    each.instances?.some((one) => one.SOPInstanceUID === image.sop_instance_uid),
  );
  if (!set) return;
  const held = [...viewportGridService.getState().viewports.values()].filter((view) =>
    view.displaySetInstanceUIDs?.includes(set.displaySetInstanceUID),
  );
  const isStack = (id) => cornerstoneViewportService.getCornerstoneViewport(id)?.type === 'stack';
  const viewportId =
    held.map((view) => view.viewportId).find(isStack) ?? viewportGridService.getActiveViewportId();
  if (shownIn(services, viewportId) !== set || !isStack(viewportId)) {
    if (!isStack(viewportId)) services.hangingProtocolService.setProtocol('default');
    viewportGridService.setDisplaySetsForViewport({
      viewportId: viewportGridService.getActiveViewportId(),
      displaySetInstanceUIDs: [set.displaySetInstanceUID],
    });
  }
  const found = () => {
    const id = isStack(viewportId) ? viewportId : viewportGridService.getActiveViewportId();
    const viewport = isStack(id) && cornerstoneViewportService.getCornerstoneViewport(id);
    const index = viewport ? viewport.getImageIds().findIndex(isOf(image)) : -1;
    return index >= 0 && { viewport, index };
  };
  const { viewport, index } = await awaited(found, 'the image is in no view');
  await window.cornerstone.utilities.jumpToSlice(viewport.element, { imageIndex: index });
  return viewport;
}

/** Show a key image as it was marked. */
export async function showKeyImage(context, image) {
  const viewport = await show(context, image);
  if (!viewport || !image.window) return;
  const { center, width } = image.window;
  const voiRange = window.cornerstone.utilities.windowLevel.toLowHighRange(width, center);
  viewport.setProperties({ voiRange });
  viewport.render();
}
