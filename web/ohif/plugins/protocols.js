/**
 * How images hang: one series opened on its middle image, and a prior beside the exam.
 */

/** OHIF's default layout; its images open in the middle, unless the address names one. */
export const opensInTheMiddle = (protocol) => ({
  ...protocol,
  stages: protocol.stages.map((stage) => ({
    ...stage,
    viewports: stage.viewports.map((viewport) => ({
      ...viewport,
      viewportOptions: {
        ...viewport.viewportOptions,
        initialImageOptions: { custom: 'sopInstanceLocation', defaultValue: { preset: 'middle' } },
      },
    })),
  })),
});

const equals = (attribute, value, weight) =>
  value === undefined ? [] : [{ attribute, weight, constraint: { equals: { value } } }];

const imagesOf = (study, wanted) => ({
  studyMatchingRules: [
    { attribute: 'StudyInstanceUID', required: true, constraint: { equals: { value: study } } },
  ],
  seriesMatchingRules: [
    { attribute: 'numImageFrames', required: true, constraint: { greaterThan: { value: 0 } } },
    ...wanted,
  ],
});

const side = (viewportId, id) => ({
  viewportOptions: {
    viewportId,
    viewportType: 'stack',
    toolGroupId: 'default',
    allowUnmatchedView: true,
    initialImageOptions: { preset: 'middle' },
  },
  displaySets: [{ id }],
});

/** `shown` is the display set in view: it stays left, and the most alike series of the prior comes right. */
export const beside = (id, shown, prior) => ({
  id,
  name: id,
  protocolMatchingRules: [],
  toolGroupIds: ['default'],
  displaySetSelectors: {
    exam: imagesOf(shown.StudyInstanceUID, equals('SeriesInstanceUID', shown.SeriesInstanceUID, 100)),
    prior: imagesOf(prior, [
      ...equals('Modality', shown.Modality, 20),
      ...equals('SeriesDescription', shown.SeriesDescription, 10),
    ]),
  },
  stages: [
    {
      name: id,
      viewportStructure: { layoutType: 'grid', properties: { rows: 1, columns: 2 } },
      viewports: [side('archipel-exam', 'exam'), side('archipel-prior', 'prior')],
    },
  ],
});
