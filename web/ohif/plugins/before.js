/* Runs before OHIF: where it lives, which language, no tour over the images. */
(() => {
  window.PUBLIC_URL = '/viewer/';
  // OHIF's own page defines this inline, which our Content-Security-Policy refuses: it loads our plug-ins.
  window.browserImportFunction = (name) => import(name);
  const query = new URLSearchParams(window.location.search);
  const language = query.get('lng');
  try {
    if (language) window.localStorage.setItem('i18nextLng', language);
    window.localStorage.setItem('shownTours', JSON.stringify(['basicViewerTour']));
    window.localStorage.removeItem('user-preferred-keys'); // our key map is the server's, not this seat's
  } catch {
    /* storage refused: OHIF falls back to the browser's language */
  }
})();
