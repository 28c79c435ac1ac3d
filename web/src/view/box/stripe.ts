// Stripe's own payment form. Its script is fetched from Stripe when a payment by it begins, and never before.

/** The part of Stripe.js that is used here. */
interface Stripe {
  elements(options: unknown): Elements;
  confirmPayment(options: unknown): Promise<{ error?: { type: string; message?: string }; paymentIntent?: { status: string } }>;
}

interface Elements {
  create(kind: "payment", options?: unknown): { mount(element: Element): void; on(event: string, heard: () => void): void };
}

/** What came of a payment: Stripe's status, or why not, in Stripe's words and the person's language. */
export interface Outcome {
  readonly status: string;
  readonly refused: string;
}

/** The form, shown. */
export interface StripeForm {
  pay(): Promise<Outcome>;
}

const SCRIPT = "https://js.stripe.com/v3/";
let loading: Promise<void> | null = null;

/** Fetches Stripe's script once. */
function loadScript(): Promise<void> {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = SCRIPT;
    script.onload = () => resolve();
    script.onerror = () => {
      loading = null;
      script.remove();
      reject(new Error("the script of the payment form did not load"));
    };
    document.head.append(script);
  });
  return loading;
}

/** Shows the form in an element. `returnUrl` is where a bank that must be visited leads back to. */
export async function showStripe(
  element: Element,
  options: { key: string; clientSecret: string; language: string; dark: boolean; returnUrl: string },
): Promise<StripeForm> {
  await loadScript();
  const make = (window as unknown as { Stripe: (key: string, options: unknown) => Stripe }).Stripe;
  const stripe = make(options.key, { locale: options.language });
  const appearance = { theme: options.dark ? "night" : "stripe", variables: { borderRadius: "10px" } };
  const elements = stripe.elements({ clientSecret: options.clientSecret, appearance });
  const form = elements.create("payment");
  const ready = new Promise<void>((resolve) => form.on("ready", resolve));
  form.mount(element);
  await ready;
  return {
    async pay() {
      const confirmParams = { return_url: options.returnUrl };
      const { error, paymentIntent } = await stripe.confirmPayment({ elements, confirmParams, redirect: "if_required" });
      return { status: paymentIntent?.status ?? "", refused: error ? (error.message ?? error.type) : "" };
    },
  };
}
