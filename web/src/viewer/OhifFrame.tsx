/** The diagnostic viewer in its frame: same origin, same session, spoken to by `bridge.ts`. */
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, type Ref, useEffect, useImperativeHandle, useRef, useState } from "react";
import { useTranslation } from "@/i18n";
import { type FromViewer, heard, type ToViewer } from "./bridge";
import css from "./viewer.module.css";

export interface ViewerHandle {
  tell: (message: ToViewer) => void;
  focus: () => void;
}

interface OhifFrameProps {
  /** The address of the viewer for these studies, as the node gives it. */
  url: string;
  hear: (message: FromViewer) => void;
  /** Shown where this node has no viewer installed. */
  otherwise: ReactNode;
  ref?: Ref<ViewerHandle>;
}

/** Whether the viewer's own page is served here: asked once. */
async function isInstalled(url: string): Promise<boolean> {
  const answer = await fetch(url, { method: "GET", headers: { accept: "text/html" } });
  return answer.ok && (await answer.text()).includes("app-config.js");
}

export function OhifFrame({ url, hear, otherwise, ref }: OhifFrameProps) {
  const { t } = useTranslation();
  const frame = useRef<HTMLIFrameElement>(null);
  const [ready, setReady] = useState(false);
  const latest = useRef(hear);
  latest.current = hear;
  const page = url.split("?")[0] ?? url;
  const { data: installed } = useQuery({
    queryKey: ["viewer", page],
    queryFn: () => isInstalled(page),
    staleTime: Number.POSITIVE_INFINITY,
  });

  useImperativeHandle(ref, () => ({
    tell: (message) => frame.current?.contentWindow?.postMessage(message, location.origin),
    focus: () => {
      frame.current?.focus();
      frame.current?.contentWindow?.focus();
    },
  }));

  useEffect(() => {
    const listen = (event: MessageEvent): void => {
      if (event.origin !== location.origin || event.source !== frame.current?.contentWindow) return;
      const message = heard(event.data);
      if (message === null) return;
      if (message.type === "archipel:ready") setReady(true);
      latest.current(message);
    };
    addEventListener("message", listen);
    return () => removeEventListener("message", listen);
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another exam is another viewer, not ready yet
  useEffect(() => setReady(false), [url]);

  if (installed === false) return otherwise;
  return (
    <div className={css.frame}>
      {!ready && (
        <p className={css.waiting} role="status">
          {t("reading.images_loading")}
        </p>
      )}
      {installed && (
        <iframe
          key={url}
          ref={frame}
          src={url}
          title={t("reading.images_title")}
          allow="fullscreen; clipboard-write"
          onLoad={() => setReady(true)}
        />
      )}
    </div>
  );
}
