// Run in a page before its own script: writes into the page's root element what it finds there.
"use strict";
{
  const said = document.documentElement.dataset;
  const wrong = (text) => { said.wrong = (said.wrong || "") + text + "; "; };
  window.addEventListener("error", (event) => wrong(event.message));
  document.addEventListener("securitypolicyviolation", (event) => wrong("policy: " + event.blockedURI));
  console.error = (text) => wrong(text);
  window.addEventListener("load", () => setTimeout(() => {
    const inks = (id) => {
      const canvas = document.getElementById(id);
      const dots = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
      return new Set(dots).size;
    };
    said.inks = ["stream", "memory", "rates"].map((id) => inks(id) > 2).join();
    const stream = document.getElementById("stream");
    const box = stream.getBoundingClientRect();
    let tips = 0;
    for (let x = 80; x < box.width; x += 2) {
      const place = { clientX: box.left + x, clientY: box.top + 8, pointerId: 1, bubbles: true };
      stream.dispatchEvent(new PointerEvent("pointermove", place));
      tips += !document.getElementById("tip").hidden;
    }
    said.tips = tips > 0;
    stream.dispatchEvent(new PointerEvent("pointerleave", { pointerId: 1, bubbles: true }));
    const before = stream.toDataURL();
    document.querySelector("[data-zoom=in]").click();
    document.querySelector("#layers th:nth-child(4) button").click();
    said.sorted = document.querySelector("#layers th[aria-sort]").getAttribute("aria-sort");
    const choice = document.getElementById("colour");
    choice.value = "order";
    choice.dispatchEvent(new Event("change"));
    said.caption = document.querySelector(".caption").textContent;
    said.wide = document.documentElement.scrollWidth > window.innerWidth;
    setTimeout(() => { said.zoomed = stream.toDataURL() !== before; }, 100);
  }, 300));
}
